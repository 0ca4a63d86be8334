/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* From a picture of one digit to the 8 x 8 pixels that the digits model reads.
 *
 * The rule, and why it is so, is in doc/example-apps.md; digit_image.py and
 * digitImage.js of the other examples do the same, number for number. Everything is
 * computed in integers.
 */

namespace DigitImage {
    const int MOST_PIXELS = 1 << 26;    /* more would not fit into memory, or only just */
    const int LARGEST = 256;            /* pixels on a side that are looked at */
    const int FAINTEST = 40;            /* of 255: with less contrast than that there is no digit */
    const int GRID = 32;
    const int WIDEST = 26;
    const int USUAL_INK = 255 * 270;    /* of 255 * 1024 */
    const int THICKEST = 4;

    /* The picture in a file of any format that gdk-pixbuf knows, the right way up and
     * not too large.
     */
    Gdk.Pixbuf load (string path) throws Error {
        int width, height;
        if (Gdk.Pixbuf.get_file_info (path, out width, out height) != null &&
            (int64) width * height > MOST_PIXELS)
            throw new IOError.NOT_SUPPORTED ("%d x %d pixels are too many", width, height);
        var loaded = new Gdk.Pixbuf.from_file (path);
        var pixbuf = loaded.apply_embedded_orientation () ?? loaded;

        int longest = int.max (pixbuf.width, pixbuf.height);
        if (longest <= LARGEST)
            return pixbuf;
        return pixbuf.scale_simple (int.max (1, pixbuf.width * LARGEST / longest),
                                    int.max (1, pixbuf.height * LARGEST / longest),
                                    Gdk.InterpType.BILINEAR);
    }

    int on_paper (int level, int alpha) {
        return (level * alpha + 255 * (255 - alpha) + 127) / 255;
    }

    /* 0, black, to 255, white; what is transparent is white paper. */
    int[] grey_levels (Gdk.Pixbuf pixbuf) {
        unowned uint8[] data = pixbuf.get_pixels_with_length ();
        var grey = new int[pixbuf.width * pixbuf.height];
        for (int y = 0; y < pixbuf.height; y++) {
            for (int x = 0; x < pixbuf.width; x++) {
                int at = y * pixbuf.rowstride + x * pixbuf.n_channels;
                int alpha = pixbuf.has_alpha ? data[at + 3] : 255;
                grey[y * pixbuf.width + x] = (299 * on_paper (data[at], alpha) +
                                              587 * on_paper (data[at + 1], alpha) +
                                              114 * on_paper (data[at + 2], alpha) + 500) / 1000;
            }
        }
        return grey;
    }

    /* How far each pixel is from the paper, which is what most of the edge of the
     * picture is.
     */
    int[] ink_levels (int[] grey, int width, int height, out int most) {
        var counts = new int[256];
        for (int x = 0; x < width; x++) {
            counts[grey[x]]++;
            counts[grey[(height - 1) * width + x]]++;
        }
        for (int y = 0; y < height; y++) {
            counts[grey[y * width]]++;
            counts[grey[(y + 1) * width - 1]]++;
        }
        /* The median. */
        int paper = 0, below = counts[0];
        while (below <= width + height)
            below += counts[++paper];

        most = 0;
        var ink = new int[grey.length];
        for (int i = 0; i < grey.length; i++) {
            ink[i] = (grey[i] - paper).abs ();
            most = int.max (most, ink[i]);
        }
        for (int i = 0; i < ink.length; i++)
            if (8 * ink[i] < most)
                ink[i] = 0;
        return ink;
    }

    /* Sums over cells where there were pixels: of each pixel as much as lies in the
     * cell, when pixels become cells. The next pixel lies step further on, the first
     * one of the next row next_row.
     */
    int64[] sum_cells (int64[] ink, int start, int rows, int pixels, int cells, int next_row, int step) {
        var sums = new int64[rows * cells];
        for (int row = 0; row < rows; row++) {
            for (int cell = 0; cell < cells; cell++) {
                for (int pixel = cell * pixels / cells; pixel * cells < (cell + 1) * pixels; pixel++) {
                    int share = int.min ((cell + 1) * pixels, (pixel + 1) * cells) -
                                int.max (cell * pixels, pixel * cells);
                    sums[row * cells + cell] += share * ink[start + row * next_row + pixel * step];
                }
            }
        }
        return sums;
    }

    /* Each cell becomes the darkest of those around it. */
    int[] thicken (int[] grid, int radius) {
        int[] thick = grid;
        for (int y = 0; y < GRID; y++)
            for (int x = 0; x < GRID; x++)
                for (int dy = int.max (-radius, -y); dy <= int.min (radius, GRID - 1 - y); dy++)
                    for (int dx = int.max (-radius, -x); dx <= int.min (radius, GRID - 1 - x); dx++)
                        if (dy * dy + dx * dx < radius * radius + radius)
                            thick[y * GRID + x] = int.max (thick[y * GRID + x], grid[(y + dy) * GRID + x + dx]);
        return thick;
    }

    /* 64 integers, 0 to 16, row by row, or null where there is no ink. */
    int[]? pixels_for_model (Gdk.Pixbuf pixbuf) {
        int most;
        var levels = ink_levels (grey_levels (pixbuf), pixbuf.width, pixbuf.height, out most);
        if (most < FAINTEST)
            return null;

        int left = pixbuf.width, right = 0, top = pixbuf.height, bottom = 0;
        var ink = new int64[levels.length];
        for (int i = 0; i < levels.length; i++) {
            ink[i] = levels[i];
            if (4 * levels[i] < most)
                continue;
            int x = i % pixbuf.width, y = i / pixbuf.width;
            left = int.min (left, x);
            right = int.max (right, x + 1);
            top = int.min (top, y);
            bottom = int.max (bottom, y + 1);
        }

        int width = right - left, height = bottom - top, start = top * pixbuf.width + left;
        int[] grid = {};
        for (int radius = 0; radius <= THICKEST; radius++) {
            int high = GRID - 2 * radius;
            int wide = int.min (WIDEST - 2 * radius, int.max (1, (2 * width * high + height) / (2 * height)));
            /* Columns of pixels become columns of cells, each of which is a row here. */
            var columns = sum_cells (ink, start, width, height, high, 1, pixbuf.width);
            var sums = sum_cells (columns, 0, high, width, wide, 1, high);
            int64 largest = 0;
            foreach (var sum in sums)
                largest = int64.max (largest, sum);

            grid = new int[GRID * GRID];
            int first = (GRID - high) / 2 * GRID + (GRID - wide) / 2;
            for (int i = 0; i < sums.length; i++)
                grid[first + i / wide * GRID + i % wide] = (int) int64.min (255, sums[i] * 300 / largest);
            grid = thicken (grid, radius);

            int total = 0;
            foreach (var level in grid)
                total += level;
            if (total >= USUAL_INK)
                break;
        }

        var pixels = new int[64];
        for (int i = 0; i < grid.length; i++)
            pixels[i / GRID / 4 * 8 + i % GRID / 4] += grid[i];
        for (int i = 0; i < pixels.length; i++)
            pixels[i] = (pixels[i] * 16 + 2040) / 4080;
        return pixels;
    }
}
