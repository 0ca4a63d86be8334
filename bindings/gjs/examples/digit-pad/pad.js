/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A square to draw on, with a pointer, a stylus, a finger or the keyboard. */

import Cairo from 'cairo';
import Gdk from 'gi://Gdk?version=4.0';
import GObject from 'gi://GObject';
import Gtk from 'gi://Gtk?version=4.0';

const PEN = 0.06;           /* its width; the pad is 1 wide */
const STEPS = 24;           /* from one edge to the other with the arrow keys */
const PICTURE_SIZE = 128;

/* The arrow keys, and as on a number pad those at its corners. */
const MOVES = new Map([
    ['Left', [-1, 0]], ['Right', [1, 0]], ['Up', [0, -1]], ['Down', [0, 1]],
    ['Home', [-1, -1]], ['Page_Up', [1, -1]], ['End', [-1, 1]], ['Page_Down', [1, 1]],
]);

/* GTK reports one place of the pointer for each frame. Where it has been since the
 * last, as seen from where it is now: a fast stroke has corners too.
 */
function passed(gesture) {
    const event = gesture.get_last_event(gesture.get_last_updated_sequence());
    const [known, x, y] = event?.get_position() ?? [false];
    if (!known)
        return [];
    return (event.get_history() ?? [])
        .filter(({flags}) => flags & Gdk.AxisFlags.X && flags & Gdk.AxisFlags.Y)
        .map(({axes}) => [axes[Gdk.AxisUse.X] - x, axes[Gdk.AxisUse.Y] - y]);
}

export const DrawingPad = GObject.registerClass({
    GTypeName: 'DigitPadDrawingPad',
    Properties: {
        'empty': GObject.ParamSpec.boolean('empty', null, null, GObject.ParamFlags.READABLE, true),
        'can-undo': GObject.ParamSpec.boolean('can-undo', null, null, GObject.ParamFlags.READABLE, false),
        'can-redo': GObject.ParamSpec.boolean('can-redo', null, null, GObject.ParamFlags.READABLE, false),
        'pen-text': GObject.ParamSpec.string('pen-text', null, null, GObject.ParamFlags.READABLE, ''),
    },
    Signals: {'changed': {}},
}, class DrawingPad extends Gtk.DrawingArea {
    constructor(properties = {}) {
        super({
            accessible_role: Gtk.AccessibleRole.IMG,
            focusable: true,
            focus_on_click: true,
            ...properties,
        });
        this.add_css_class('pad');

        /* Strokes are arrays of points; what has been drawn is never changed, so
         * that what was there before can be kept as it is.
         */
        this._strokes = [];
        this._before = [];
        this._after = [];
        this._pen = {x: STEPS / 2, y: STEPS / 2, down: false, shown: false};

        this.set_draw_func((area, context, width, height) => this.#draw(context, width, height));
        this.#followPointer();
        this.#followKeys();
        this.connect('notify::has-focus', () => this.queue_draw());
    }

    get empty() {
        return this._strokes.length === 0;
    }

    get can_undo() {
        return this._before.length > 0;
    }

    get can_redo() {
        return this._after.length > 0;
    }

    /* What somebody who does not see the pen wants to know of it. */
    get pen_text() {
        if (!this._pen.shown)
            return '';
        return `Pen ${this._pen.down ? 'down' : 'up'}, column ${this._pen.x}, row ${this._pen.y} of ${STEPS}`;
    }

    undo() {
        this.#travel(this._before, this._after);
    }

    redo() {
        this.#travel(this._after, this._before);
    }

    clear() {
        if (!this.empty)
            this.#begin([]);
    }

    /* Black on white, whatever the colours of the window. */
    picture() {
        const surface = new Cairo.ImageSurface(Cairo.Format.RGB24, PICTURE_SIZE, PICTURE_SIZE);
        const context = new Cairo.Context(surface);
        context.setSourceRGB(1, 1, 1);
        context.paint();
        context.setSourceRGB(0, 0, 0);
        context.scale(PICTURE_SIZE, PICTURE_SIZE);
        this.#drawStrokes(context);
        context.$dispose();
        return Gdk.pixbuf_get_from_surface(surface, 0, 0, PICTURE_SIZE, PICTURE_SIZE);
    }

    /* Strokes that can be undone to what there is now. */
    #begin(strokes) {
        this._before.push(this._strokes);
        this._after = [];
        this.#replace(strokes);
    }

    #extend(points) {
        const last = this._strokes[this._strokes.length - 1];
        this.#replace([...this._strokes.slice(0, -1), [...last, ...points]]);
    }

    #travel(from, to) {
        if (from.length === 0)
            return;
        to.push(this._strokes);
        this.#replace(from.pop());
        this.#liftPen();
    }

    #replace(strokes) {
        this._strokes = strokes;
        if (strokes.length === 0)
            this.#liftPen();
        for (const name of ['empty', 'can-undo', 'can-redo'])
            this.notify(name);
        this.queue_draw();
        this.emit('changed');
    }

    #followPointer() {
        const gesture = new Gtk.GestureDrag();
        let start = null, drawn = null;
        const at = (x, y) => [x / this.get_width(), y / this.get_height()]
            .map(coordinate => Math.min(1, Math.max(0, coordinate)));
        gesture.connect('drag-begin', (_, x, y) => {
            start = [x, y];
            this.grab_focus();
            this.#liftPen();
            this.#showPen(false);
            this.#begin([...this._strokes, [at(x, y)]]);
            drawn = this._strokes;
        });
        gesture.connect('drag-update', (_, dx, dy) => {
            /* A stroke ends when it is cleared or undone, too. */
            if (this._strokes !== drawn)
                return;
            const [x, y] = [start[0] + dx, start[1] + dy];
            this.#extend([...passed(gesture), [0, 0]].map(([fromX, fromY]) => at(x + fromX, y + fromY)));
            drawn = this._strokes;
        });
        this.add_controller(gesture);
    }

    #followKeys() {
        const keys = new Gtk.EventControllerKey();
        keys.connect('key-pressed', (_, key, code, state) => {
            const name = Gdk.keyval_name(key).replace(/^KP_/, '');
            if (state & (Gdk.ModifierType.CONTROL_MASK | Gdk.ModifierType.ALT_MASK))
                return Gdk.EVENT_PROPAGATE;
            if (MOVES.has(name))
                this.#movePen(...MOVES.get(name));
            else if (name === 'space')
                this.#pressPen();
            else
                return Gdk.EVENT_PROPAGATE;
            return Gdk.EVENT_STOP;
        });
        this.add_controller(keys);
    }

    #penPoint() {
        return [this._pen.x / STEPS, this._pen.y / STEPS];
    }

    #movePen(dx, dy) {
        const within = step => Math.min(STEPS, Math.max(0, step));
        this._pen.x = within(this._pen.x + dx);
        this._pen.y = within(this._pen.y + dy);
        this.#showPen(true);
        if (this._pen.down)
            this.#extend([this.#penPoint()]);
    }

    #pressPen() {
        if (this._pen.down) {
            this.#liftPen();
        } else {
            this._pen.down = true;
            this.#begin([...this._strokes, [this.#penPoint()]]);
        }
        this.#showPen(true);
    }

    #liftPen() {
        if (!this._pen.down)
            return;
        this._pen.down = false;
        this.#showPen(this._pen.shown);
    }

    #showPen(shown) {
        this._pen.shown = shown;
        this.queue_draw();
        this.notify('pen-text');
    }

    #draw(context, width, height) {
        const colour = this.get_style_context().get_color();
        context.setSourceRGBA(colour.red, colour.green, colour.blue, colour.alpha);
        context.scale(width, height);
        this.#drawStrokes(context);
        if (this._pen.shown && this.has_focus)
            this.#drawPen(context);
        context.$dispose();
    }

    #drawStrokes(context) {
        context.setLineWidth(PEN);
        context.setLineCap(Cairo.LineCap.ROUND);
        context.setLineJoin(Cairo.LineJoin.ROUND);
        for (const [first, ...rest] of this._strokes) {
            context.moveTo(...first);
            /* A stroke of one point is a dot. */
            for (const point of rest.length > 0 ? rest : [first])
                context.lineTo(...point);
        }
        /* All at once: where strokes cross, ink that lets the paper through is no darker. */
        context.stroke();
    }

    /* A ring, filled while the pen is down, in the colour that the theme has for what
     * is active.
     */
    #drawPen(context) {
        const [known, accent] = this.get_style_context().lookup_color('accent_color');
        if (known)
            context.setSourceRGBA(accent.red, accent.green, accent.blue, accent.alpha);
        context.newPath();
        context.setLineWidth(PEN / 4);
        context.arc(...this.#penPoint(), PEN * 0.75, 0, 2 * Math.PI);
        if (this._pen.down)
            context.fillPreserve();
        context.stroke();
    }
});
