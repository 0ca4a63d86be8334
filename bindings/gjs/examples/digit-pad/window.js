/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The window: what is drawn on its left, what the model reads on its right. */

import Adw from 'gi://Adw?version=1';
import Gdk from 'gi://Gdk?version=4.0';
import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import GObject from 'gi://GObject';
import Gtk from 'gi://Gtk?version=4.0';

import './pad.js';
import {Reader} from './reader.js';

export const here = Gio.File.new_for_uri(import.meta.url).get_parent();

const percent = share => `${Math.round(100 * share)} %`;

export const Window = GObject.registerClass({
    GTypeName: 'DigitPadWindow',
    Template: here.get_child('window.ui').get_uri(),
    InternalChildren: ['toasts', 'pages', 'error', 'pad', 'hint', 'pen', 'digit', 'bars'],
    Properties: {
        /* What is read, as a string; empty while there is nothing. */
        'reading': GObject.ParamSpec.string('reading', null, null, GObject.ParamFlags.READABLE, ''),
    },
}, class Window extends Adw.ApplicationWindow {
    constructor(application, modelPath) {
        super({application});
        this._reading = '';
        this._probability = 0;
        this._toast = null;
        this._reader = new Reader();
        this._rows = Array.from({length: 10}, (_, digit) => this.#addBar(digit));

        this.#addActions();
        this._pad.bind_property('empty', this._hint, 'visible', GObject.BindingFlags.SYNC_CREATE);
        this._pad.bind_property('pen-text', this._pen, 'label', GObject.BindingFlags.SYNC_CREATE);
        this._pad.connect('notify::pen-text', () => {
            this._pad.update_property([Gtk.AccessibleProperty.VALUE_TEXT], [this._pad.pen_text]);
        });
        this._pad.connect('changed', () => this.#read());
        this._pad.grab_focus();

        this.set_help_overlay(Gtk.Builder.new_from_file(here.get_child('shortcuts.ui').get_path())
            .get_object('shortcuts'));
        this.#open(modelPath);
    }

    get reading() {
        return this._reading;
    }

    get probability() {
        return this._probability;
    }

    async #open(modelPath) {
        try {
            await this._reader.open(modelPath);
        } catch (error) {
            this._error.description = GLib.markup_escape_text(error.message, -1);
            this._pages.visible_child_name = 'error';
            return;
        }
        this.#read();
    }

    #addActions() {
        const add = (name, activate) => {
            const action = new Gio.SimpleAction({name});
            action.connect('activate', activate);
            this.add_action(action);
            return action;
        };
        const follow = (action, property, flags = 0) =>
            this._pad.bind_property(property, action, 'enabled', GObject.BindingFlags.SYNC_CREATE | flags);

        follow(add('undo', () => this._pad.undo()), 'can-undo');
        follow(add('redo', () => this._pad.redo()), 'can-redo');
        follow(add('clear', () => this.#clear()), 'empty', GObject.BindingFlags.INVERT_BOOLEAN);
        const copy = add('copy', () => this.#copy());
        copy.enabled = false;
        this.connect('notify::reading', () => {
            copy.enabled = this.reading !== '';
        });
    }

    #addBar(digit) {
        const name = new Gtk.Label({label: `${digit}`, css_classes: ['numeric']});
        const bar = new Gtk.LevelBar({hexpand: true, valign: Gtk.Align.CENTER});
        for (const offset of [Gtk.LEVEL_BAR_OFFSET_LOW, Gtk.LEVEL_BAR_OFFSET_HIGH, Gtk.LEVEL_BAR_OFFSET_FULL])
            bar.remove_offset_value(offset);
        bar.update_property([Gtk.AccessibleProperty.LABEL], [`Probability of ${digit}`]);
        const share = new Gtk.Label({width_chars: 5, xalign: 1, css_classes: ['numeric', 'dim-label']});
        [name, bar, share].forEach((widget, column) => this._bars.attach(widget, column, digit, 1, 1));
        return {name, bar, share};
    }

    #clear() {
        this._pad.clear();
        this._pad.grab_focus();
        this.#tell('Drawing cleared', '_Undo');
    }

    #copy() {
        this.get_clipboard().set_content(Gdk.ContentProvider.new_for_value(this.reading));
        this.#tell(`Copied ${this.reading}`);
    }

    /* The latest news at once: what is being shown is replaced, rather than let to wait
     * its turn. Toasts of libadwaita 1.2 do not bear being dismissed while they move.
     */
    #tell(title, button_label = null) {
        if (this._toast === null) {
            this._toast = new Adw.Toast({action_name: 'win.undo'});
            this._toast.connect('dismissed', () => {
                this._toast = null;
            });
            this._toasts.add_toast(this._toast);
        }
        this._toast.title = title;
        this._toast.button_label = button_label;
    }

    #read() {
        this._reader.read(this._pad.picture(), probabilities => this.#show(probabilities), error => {
            this.#show(null);
            this.#tell(GLib.markup_escape_text(error.message, -1));
        });
    }

    #show(probabilities) {
        const most = probabilities === null ? 0 : Math.max(...probabilities);
        const read = probabilities === null ? -1 : probabilities.indexOf(most);
        this._rows.forEach(({name, bar, share}, digit) => {
            const probability = probabilities?.[digit] ?? 0;
            bar.value = probability;
            bar.update_property([Gtk.AccessibleProperty.VALUE_TEXT], [percent(probability)]);
            share.label = probabilities === null ? '' : percent(probability);
            if (digit === read)
                name.add_css_class('read');
            else
                name.remove_css_class('read');
        });
        this._digit.label = read < 0 ? '–' : `${read}`;
        this._digit.update_property([Gtk.AccessibleProperty.LABEL],
            [read < 0 ? 'Nothing drawn' : `Read as ${read}, ${percent(most)}`]);
        this._probability = most;
        this._reading = read < 0 ? '' : `${read}`;
        this.notify('reading');
    }
});
