#!/usr/bin/gjs -m
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Digit Pad: draw a digit, and see while you draw what a quantized network reads.
 *
 * What it reads is also the state of its action "digit", for whoever asks on the
 * session bus:
 *
 *     gdbus call --session --dest org.example.DigitPad --object-path /org/example/DigitPad \
 *         --method org.gtk.Actions.Describe digit
 */

import Adw from 'gi://Adw?version=1';
import Gdk from 'gi://Gdk?version=4.0';
import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import GObject from 'gi://GObject';
import Gtk from 'gi://Gtk?version=4.0';
import System from 'system';

import {Window, here} from './window.js';

const ID = 'org.example.DigitPad';

const Application = GObject.registerClass({
    GTypeName: 'DigitPadApplication',
}, class Application extends Adw.Application {
    constructor() {
        super({application_id: ID});
        this._model = here.resolve_relative_path('../../../../data/digits/digits.reference.safetensors').get_path();
        this.add_main_option('model', 'm'.charCodeAt(0), GLib.OptionFlags.NONE, GLib.OptionArg.FILENAME,
            'Another model for 8 x 8 digits', 'FILE');
    }

    vfunc_handle_local_options(options) {
        const model = options.lookup_value('model', null);
        if (model !== null)
            this._model = new TextDecoder().decode(model.deepUnpack()).replace(/\0$/, '');
        return -1;
    }

    vfunc_startup() {
        super.vfunc_startup();
        GLib.set_application_name('Digit Pad');
        Gtk.Window.set_default_icon_name(ID);

        const display = Gdk.Display.get_default();
        Gtk.IconTheme.get_for_display(display).add_search_path(here.get_child('icons').get_path());
        const provider = new Gtk.CssProvider();
        provider.load_from_path(here.get_child('style.css').get_path());
        Gtk.StyleContext.add_provider_for_display(display, provider, Gtk.STYLE_PROVIDER_PRIORITY_APPLICATION);

        const actions = {quit: () => this.quit(), about: () => this.#about()};
        for (const [name, activate] of Object.entries(actions)) {
            const action = new Gio.SimpleAction({name});
            action.connect('activate', activate);
            this.add_action(action);
        }
        /* Only to be looked at: what is read, and its probability. */
        this._digit = new Gio.SimpleAction({name: 'digit', enabled: false, state: new GLib.Variant('(sd)', ['', 0])});
        this.add_action(this._digit);

        for (const [action, ...accelerators] of [
            ['win.undo', '<Control>z'],
            ['win.redo', '<Control><Shift>z'],
            ['win.clear', 'Delete'],
            ['win.copy', '<Control>c'],
            ['win.show-help-overlay', '<Control>question'],
            ['window.close', '<Control>w'],
            ['app.quit', '<Control>q'],
        ])
            this.set_accels_for_action(action, accelerators);
    }

    vfunc_activate() {
        if (this.active_window === null) {
            const window = new Window(this, this._model);
            window.connect('notify::reading', () => {
                this._digit.state = new GLib.Variant('(sd)', [window.reading, window.probability]);
            });
        }
        this.active_window.present();
    }

    #about() {
        new Adw.AboutWindow({
            transient_for: this.active_window,
            application_name: 'Digit Pad',
            application_icon: ID,
            comments: 'Reads handwritten digits with a quantized network',
            developer_name: 'The lowerfb project',
            license_type: Gtk.License.LGPL_2_1,
        }).present();
    }
});

System.exit(new Application().run([System.programInvocationName, ...System.programArgs]));
