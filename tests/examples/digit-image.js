/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Prints what JavaScript makes of pictures for the model, as JSON:
 * digit-image.js digitImage.js PICTURE...
 */

import Gio from 'gi://Gio';
import System from 'system';

const [module, ...paths] = System.programArgs;
const {load, pixelsForModel} = await import(Gio.File.new_for_path(module).get_uri());

print(JSON.stringify(paths.map(path => pixelsForModel(load(path)))));
