/*
 * What a viewer writes: his name, the line, reactions, and when he may.
 */

import { $, stored, text } from './base.js';
import { element, explained, left, names, rules } from './words.js';


const KINDS = ['❤️', '👍', '😂', '😮', '👏'];
const TYPING = 3000;                 /* ms between two times that it is told */
const TYPES = 10000;                 /* ms that one is believed to type */


export const composer = {
    on: false,                       /* there is a connection */
    free: 0,                         /* ms: when one may write again */
    silent: false,                   /* by a moderator */
    slow: 0,
    restricted: 'off',
    told: 0,
    typists: new Map(),

    /* set by the chat: a command, done(code, answer); a command, no answer;
     * another name */

    ask() {},
    hint() {},
    rename(nick) {},

    welcome(m, me, nick) {
        this.moderates = Boolean(m.moderates);
        if (!m.polled) {                     /* which does not tell */
            this.slow = m.room.slow || 0;
            this.restricted = m.room.restricted || 'off';
        }

        $('chat-write').hidden = !m.writes;
        $('chat-read').hidden = Boolean(m.writes);
        $('chat-name').hidden = me.role !== 'guest' || !m.writes;
        if ($('chat-name') !== document.activeElement) {
            $('chat-name').value = nick;
        }
        this.show();
    },

    connected(on) {
        this.on = on;
        this.typists.forEach((t) => clearTimeout(t.timer));
        this.typists.clear();
        this.typing();
        this.show();
    },

    close() {
        this.connected(false);
        this.slow = this.free = 0;
        this.restricted = 'off';
        this.fault('');
        this.show();
    },

    setSlow(seconds) {
        this.slow = seconds;
        if (!seconds && !this.silent) {
            this.free = 0;
        }
        this.show();
    },

    /* a moderator's: not before that many seconds; Infinity: not any more */

    wait(seconds) {
        this.free = Date.now() + 1000 * seconds;
        this.silent = seconds > 0;
        this.show();
    },

    say(event) {
        const words = $('chat-text').value;

        event.preventDefault();

        if (!words.trim() || this.free > Date.now()) {
            return;
        }

        this.ask({ type: 'message', text: words }, (code, answer) => {
            const seconds = (answer && answer.seconds) || this.slow;

            this.fault(explained(code));

            if (code === 'slow_mode' || (!code && this.slow
                                         && !this.moderates))
            {
                this.free = Date.now() + 1000 * seconds;
            }
            this.show();
            if (code) {
                $('chat-text').value = $('chat-text').value || words;
            }
        });

        $('chat-text').value = '';
        this.told = 0;
    },

    /* keys are pressed */

    types() {
        const words = Boolean($('chat-text').value);
        const now = Date.now();

        if (words && now - this.told >= TYPING) {
            this.told = now;
            this.hint({ type: 'typing', on: true });

        } else if (!words && this.told) {
            this.told = 0;
            this.hint({ type: 'typing', on: false });
        }
    },

    /* somebody types, or does not any more */

    typist(user, on) {
        const old = this.typists.get(user.id);

        clearTimeout(old && old.timer);
        this.typists.delete(user.id);

        if (on) {
            this.typists.set(user.id, { name: user.name, timer: setTimeout(
                () => this.typist(user, false), TYPES) });
        }
        this.typing();
    },

    typing() {
        const list = [...this.typists.values()].map((t) => t.name);

        text($('chat-typing'), list.length ? names(list) + (list.length === 1
             ? ' is typing…' : ' are typing…') : '');
    },

    fault(words) {
        text($('chat-fault'), words || '');
    },

    /* the button, with what is left of slow mode or a timeout */

    show() {
        const ms = this.free - Date.now();
        const button = $('chat-send');

        clearTimeout(this.timer);

        if (ms <= 0) {
            this.silent = false;
        } else if (ms < Infinity) {
            this.timer = setTimeout(() => this.show(), 250);
        }

        text(button, ms <= 0 ? 'Send' : ms === Infinity ? 'Banned'
             : ms < 1e6 ? Math.ceil(ms / 1000) + ' s' : left(ms));
        button.disabled = ms > 0 || !this.on;
        text($('chat-rules'), rules(this.slow, this.restricted));
    },

    listen() {
        $('chat-form').addEventListener('submit', (e) => this.say(e));
        $('chat-text').addEventListener('input', () => this.types());
        $('chat-name').addEventListener('change', () => {
            this.rename($('chat-name').value.trim());
        });

        $('chat-kinds').replaceChildren(...KINDS.map((kind) => {
            const button = element('button', '', kind);

            button.setAttribute('aria-label', 'React with ' + kind);
            button.addEventListener('click', () => {
                this.ask({ type: 'reaction', kind },
                         (code) => this.fault(explained(code)));
            });
            return button;
        }));
    }
};


/* what a guest called himself last */

export function nickname(nick) {
    return nick === undefined ? stored('live-chat-name') || ''
                              : stored('live-chat-name', nick);
}
