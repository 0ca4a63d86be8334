/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* From a picture of one digit to the 8 x 8 pixels that the digits model reads.
 *
 * The rule, and why it is so, is in doc/example-apps.md; digit_image.py and
 * digit-image.vala of the other examples do the same, number for number.
 * Everything is computed in integers.
 */

import GdkPixbuf from 'gi://GdkPixbuf?version=2.0';
import Gio from 'gi://Gio';
import GLib from 'gi://GLib';

const MOST_PIXELS = 1 << 26;    /* more would not fit into memory, or only just */
const LARGEST = 256;            /* pixels on a side that are looked at */
const FAINTEST = 40;            /* of 255: with less contrast than that there is no digit */
const GRID = 32;
const WIDEST = 26;
const USUAL_INK = 255 * 270;    /* of 255 * 1024 */
const THICKEST = 4;

/* The picture in a file of any format that gdk-pixbuf knows, the right way up and
 * not too large.
 */
export function load(path) {
    const [format, fileWidth, fileHeight] = GdkPixbuf.Pixbuf.get_file_info(path);
    if (format !== null && fileWidth * fileHeight > MOST_PIXELS) {
        throw new GLib.Error(Gio.io_error_quark(), Gio.IOErrorEnum.NOT_SUPPORTED,
            `${fileWidth} x ${fileHeight} pixels are too many`);
    }
    const loaded = GdkPixbuf.Pixbuf.new_from_file(path);
    const pixbuf = loaded.apply_embedded_orientation() ?? loaded;

    const {width, height} = pixbuf;
    const longest = Math.max(width, height);
    if (longest <= LARGEST)
        return pixbuf;
    return pixbuf.scale_simple(Math.max(1, Math.floor(width * LARGEST / longest)),
        Math.max(1, Math.floor(height * LARGEST / longest)), GdkPixbuf.InterpType.BILINEAR);
}

/* 0, black, to 255, white; what is transparent is white paper. */
function greyLevels(pixbuf) {
    const {width, height, rowstride, n_channels: channels, has_alpha: hasAlpha} = pixbuf;
    const data = pixbuf.get_pixels();
    const grey = new Int32Array(width * height);
    const onPaper = (level, alpha) => Math.floor((level * alpha + 255 * (255 - alpha) + 127) / 255);

    for (let i = 0, y = 0; y < height; y++) {
        for (let at = y * rowstride, x = 0; x < width; i++, x++, at += channels) {
            const alpha = hasAlpha ? data[at + 3] : 255;
            grey[i] = Math.floor((299 * onPaper(data[at], alpha) + 587 * onPaper(data[at + 1], alpha) +
                114 * onPaper(data[at + 2], alpha) + 500) / 1000);
        }
    }
    return grey;
}

/* How far each pixel is from the paper, which is what most of the edge of the
 * picture is.
 */
function inkLevels(grey, width, height) {
    const edge = [...grey.subarray(0, width), ...grey.subarray(-width)];
    for (let y = 0; y < height; y++)
        edge.push(grey[y * width], grey[(y + 1) * width - 1]);
    edge.sort((a, b) => a - b);
    const paper = edge[Math.floor(edge.length / 2)];

    const ink = grey.map(level => Math.abs(level - paper));
    const most = ink.reduce((a, b) => Math.max(a, b));
    return [ink.map(level => 8 * level >= most ? level : 0), most];
}

/* All that has at least a quarter of the most ink, and what is between. */
function inkBox(ink, most, width, height) {
    let left = width, right = 0, top = height, bottom = 0;
    for (let y = 0; y < height; y++) {
        for (let x = 0; x < width; x++) {
            if (4 * ink[y * width + x] < most)
                continue;
            left = Math.min(left, x);
            right = Math.max(right, x + 1);
            top = Math.min(top, y);
            bottom = Math.max(bottom, y + 1);
        }
    }
    return [left, right, top, bottom];
}

/* Sums over cells where there were pixels: of each pixel as much as lies in the
 * cell, when pixels become cells. The next pixel lies step further on, the first one
 * of the next row nextRow.
 */
function sumCells(ink, rows, pixels, cells, nextRow, step) {
    const sums = new Float64Array(rows * cells);
    for (let row = 0; row < rows; row++) {
        for (let cell = 0; cell < cells; cell++) {
            let sum = 0;
            for (let pixel = Math.floor(cell * pixels / cells); pixel * cells < (cell + 1) * pixels; pixel++) {
                const share = Math.min((cell + 1) * pixels, (pixel + 1) * cells) -
                    Math.max(cell * pixels, pixel * cells);
                sum += share * ink[row * nextRow + pixel * step];
            }
            sums[row * cells + cell] = sum;
        }
    }
    return sums;
}

/* Each cell becomes the darkest of those around it. */
function thicken(grid, radius) {
    const thick = grid.slice();
    for (let dy = -radius; dy <= radius; dy++) {
        for (let dx = -radius; dx <= radius; dx++) {
            if (dy * dy + dx * dx >= radius * radius + radius)
                continue;
            const [first, end] = [Math.max(0, -dx), Math.min(GRID, GRID - dx)];
            for (let y = Math.max(0, -dy); y < Math.min(GRID, GRID - dy); y++) {
                for (let x = first; x < end; x++) {
                    const level = grid[(y + dy) * GRID + x + dx];
                    if (level > thick[y * GRID + x])
                        thick[y * GRID + x] = level;
                }
            }
        }
    }
    return thick;
}

/* 64 integers, 0 to 16, row by row, or null where there is no ink. */
export function pixelsForModel(pixbuf) {
    const [ink, most] = inkLevels(greyLevels(pixbuf), pixbuf.width, pixbuf.height);
    if (most < FAINTEST)
        return null;
    const [left, right, top, bottom] = inkBox(ink, most, pixbuf.width, pixbuf.height);
    const [width, height] = [right - left, bottom - top];
    const inside = ink.subarray(top * pixbuf.width + left);

    let grid;
    for (let radius = 0; radius <= THICKEST; radius++) {
        const high = GRID - 2 * radius;
        const wide = Math.min(WIDEST - 2 * radius,
            Math.max(1, Math.floor((2 * width * high + height) / (2 * height))));
        /* Columns of pixels become columns of cells, each of which is a row here. */
        const columns = sumCells(inside, width, height, high, 1, pixbuf.width);
        const sums = sumCells(columns, high, width, wide, 1, high);
        const largest = sums.reduce((a, b) => Math.max(a, b));

        grid = new Int32Array(GRID * GRID);
        const first = (GRID - high) / 2 * GRID + Math.floor((GRID - wide) / 2);
        for (let y = 0; y < high; y++) {
            for (let x = 0; x < wide; x++)
                grid[first + y * GRID + x] = Math.min(255, Math.floor(sums[y * wide + x] * 300 / largest));
        }
        grid = thicken(grid, radius);
        if (grid.reduce((a, b) => a + b) >= USUAL_INK)
            break;
    }

    return Array.from({length: 64}, (_, i) => {
        let sum = 0;
        for (let y = 0; y < 4; y++) {
            for (let x = 0; x < 4; x++)
                sum += grid[(4 * Math.floor(i / 8) + y) * GRID + 4 * (i % 8) + x];
        }
        return Math.floor((sum * 16 + 2040) / 4080);
    });
}
