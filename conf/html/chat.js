/*
 * The chat beside the player.
 */

import { $, count, setting, stored, text } from './base.js';
import { Room } from './room.js';


const MOST = 300;                    /* messages that the page keeps */
const KINDS = ['❤️', '👍', '😂', '😮', '👏'];
const NEAR = 60;                     /* pixels above the end that count as it */

const ERRORS = {
    banned: 'You may not write here any more.',
    muted: 'You may not write for a while.',
    slow_mode: 'Slow mode: wait before you write again.',
    too_fast: 'That was too fast.',
    duplicate: 'You have just said that.',
    filtered: 'A word in it is not allowed.',
    links: 'Links are not allowed.',
    too_long: 'That is too long.',
    empty: 'There is nothing to be seen in it.',
    read_only: 'Only those who are signed in may write.',
    forbidden: 'You may not do this.',
    lost: 'There is no connection.'
};

/* what is not shown now to one who sees a picture of the past */

const LATER = new Set(['message', 'tip', 'announcement', 'pinned', 'unpinned',
                       'cleared', 'reactions']);

const ROLES = { moderator: 'Mod', creator: 'Host', publisher: 'Host',
                admin: 'Admin' };


export const chat = {
    room: null,
    name: null,
    me: null,
    moderates: false,
    slow: 0,
    free: 0,                         /* ms: when slow mode lets one write */
    past: false,                     /* replay.js says what is shown */
    sums: new Map(),

    /* there: whether the server has a chat, null: not known yet */

    open(name, there) {
        if (name !== this.name) {
            this.close();
            this.name = name;
            this.look(there);
        }
    },

    look(there) {
        if (!there || this.room || !this.name
            || setting('live-chat', '/chat/') === 'off')
        {
            return;
        }

        this.room = new Room(this.name, stored('live-chat-name') || '',
                             (m) => this.heard(m), (s) => this.changed(s));
    },

    close() {
        if (this.room) {
            this.room.close();
        }
        this.room = this.me = null;
        this.moderates = false;
        this.slow = this.free = 0;
        $('chat').hidden = true;
        this.empty();
        this.pin('');
    },

    changed(state) {
        this.state = state;
        $('chat').hidden = state === 'absent' || (state === 'off' && !this.me);
        this.tell();
        $('chat-form').inert = state !== 'on';
    },

    tell() {
        const says = { on: '', off: 'Reconnecting…',
                       refused: 'You may not take part here.' };

        text($('chat-state'), says[this.state] || '');
    },

    heard(m) {
        if (!this.past || !LATER.has(m.type)) {
            this.apply(m);
        }
    },

    apply(m) {
        const f = this['on_' + m.type];

        if (f) {
            f.call(this, m);
        }
    },

    on_welcome(m) {
        if (m.you) {
            this.me = m.you;
        }
        this.me = this.me || {};
        this.moderates = Boolean(m.moderates);
        this.slow = m.room.slow || 0;
        this.viewers(m.room.viewers);

        if (!m.resumed && !this.past) {
            this.empty();
        }
        m.messages.forEach((e) => this.heard(e));
        this.pin(m.room.pinned || '');

        $('chat').classList.toggle('moderates', this.moderates);
        $('chat-write').hidden = !m.writes;
        $('chat-read').hidden = Boolean(m.writes);
        $('chat-name').hidden = this.me.role !== 'guest' || !m.writes;
        $('chat-name').value = this.room.nick;
        this.show();
    },

    on_message(m) {
        const item = document.createElement('li');
        const user = document.createElement('b');
        const said = document.createElement('span');

        item.dataset.id = m.id;
        item.dataset.user = m.user.id;
        item.title = new Date(m.ts).toLocaleTimeString();
        item.classList.toggle('mine', this.me && m.user.id === this.me.id);

        user.textContent = m.user.name;
        user.style.setProperty('--hue', String(hue(m.user.id)));
        said.textContent = m.text;
        item.append(user);

        if (ROLES[m.user.role]) {
            const role = document.createElement('em');

            role.textContent = ROLES[m.user.role];
            item.append(role);
        }

        item.append(said);

        if (this.moderates) {
            const more = document.createElement('button');

            more.type = 'button';
            more.textContent = '⋯';
            more.setAttribute('aria-label', 'Moderate ' + m.user.name);
            more.addEventListener('click', () => this.menu(item, m));
            item.append(more);
        }

        this.add(item);
    },

    on_deleted(m) { this.remove((item) => item.dataset.id === m.message); },
    on_purged(m) { this.remove((item) => item.dataset.user === m.user); },
    on_cleared() { this.empty(); },

    on_banned(m) {
        this.remove((item) => item.dataset.user === m.user);
        this.told(m.user, 'was banned');
    },

    on_timeout(m) { this.told(m.user, 'may not write for ' + m.seconds + ' s'); },
    on_pinned(m) { this.pin(m.message); },
    on_unpinned() { this.pin(''); },

    on_slowmode(m) {
        this.slow = m.seconds;
        this.free = m.seconds ? this.free : 0;
        this.show();
        this.note(m.seconds ? 'Slow mode: a message every ' + m.seconds + ' s'
                            : 'Slow mode is off');
    },

    on_presence(m) { this.viewers(m.viewers); },

    on_reactions(m) {
        Object.entries(m.reactions).forEach(([kind, n]) => {
            const old = this.sums.get(kind);
            const sum = (old ? old.n : 0) + n;

            clearTimeout(old && old.timer);
            this.sums.set(kind, { n: sum, timer: setTimeout(() => {
                this.sums.delete(kind);
                this.reactions();
            }, 4000) });
        });
        this.reactions();
    },

    reactions() {
        const list = [...this.sums].map(([kind, s]) => {
            const span = document.createElement('span');

            span.textContent = kind + ' ' + s.n;
            return span;
        });

        $('chat-sums').replaceChildren(...list);
    },

    viewers(n) {
        text($('chat-viewers'), n > 0 ? count(n, 'is here', 'are here') : '');
    },

    told(user, what) {
        if (this.moderates) {
            this.note(user + ' ' + what);
        }
        if (this.me && user === this.me.id) {
            this.fault('You ' + what.replace(/^was/, 'were'));
        }
    },

    note(words) {
        const item = document.createElement('li');

        item.className = 'told';
        item.textContent = words;
        this.add(item);
    },

    add(item) {
        const list = $('chat-list');
        const end = list.scrollHeight - list.scrollTop - list.clientHeight
                    < NEAR;

        list.append(item);

        while (list.children.length > MOST) {
            list.firstChild.remove();
        }

        if (end) {
            list.scrollTop = list.scrollHeight;
        } else {
            $('chat-new').hidden = false;
        }
    },

    remove(which) {
        [...$('chat-list').children].filter(which)
        .forEach((item) => item.remove());
    },

    empty() {
        $('chat-list').replaceChildren();
        $('chat-new').hidden = true;
    },

    pin(id) {
        const item = id && [...$('chat-list').children]
                     .find((i) => i.dataset.id === id);
        const said = item && item.querySelector('span').textContent;

        $('chat-pinned').hidden = !said;
        text($('chat-pinned'), said || '');
    },

    menu(item, m) {
        const open = $('chat-list').querySelector('menu');
        const list = document.createElement('menu');
        const deeds = [
            ['Delete', { action: 'delete', target: m.id }],
            ['Pin', { action: 'pin', target: m.id }],
            ['10 minutes’ silence', { action: 'timeout', target: m.user.id,
                                      seconds: 600 }],
            ['Ban', { action: 'ban', target: m.user.id }]
        ];

        if (open) {
            open.remove();
            if (open.parentNode === item) {
                return;
            }
        }

        deeds.forEach(([words, what]) => {
            const button = document.createElement('button');

            button.type = 'button';
            button.textContent = words;
            button.addEventListener('click', () => {
                list.remove();
                this.room.send({ type: 'moderate', ...what },
                               (code) => this.fault(code && explained(code)));
            });
            list.append(button);
        });

        item.append(list);
        list.querySelector('button').focus();
    },

    say(event) {
        const words = $('chat-text').value;

        event.preventDefault();

        if (!words.trim() || this.free > Date.now()) {
            return;
        }

        this.room.send({ type: 'message', text: words }, (code, answer) => {
            this.fault(code && explained(code));

            if (code === 'slow_mode' || !code) {
                this.free = !this.slow || this.moderates ? 0
                            : Date.now() + 1000 * ((answer && answer.seconds)
                                                   || this.slow);
            }
            if (code) {
                $('chat-text').value = $('chat-text').value || words;
            }
            this.show();
        });

        $('chat-text').value = '';
    },

    rename() {
        const nick = $('chat-name').value.trim();

        if (this.room && nick !== this.room.nick) {
            stored('live-chat-name', nick);
            this.room.nick = nick;
            this.room.send({ type: 'join', name: nick, ...this.room.cursor
                             ? { cursor: this.room.cursor } : {} });
        }
    },

    fault(words) {
        text($('chat-fault'), words || '');
    },

    /* the countdown of slow mode */

    show() {
        const left = Math.ceil((this.free - Date.now()) / 1000);

        text($('chat-send'), left > 0 ? left + ' s' : 'Send');
        $('chat-send').disabled = left > 0;
        clearTimeout(this.timer);
        if (left > 0) {
            this.timer = setTimeout(() => this.show(), 250);
        }
    },

    listen() {
        const list = $('chat-list');

        $('chat-form').addEventListener('submit', (e) => this.say(e));
        $('chat-name').addEventListener('change', () => this.rename());
        $('chat-new').addEventListener('click', () => {
            list.scrollTop = list.scrollHeight;
        });
        list.addEventListener('scroll', () => {
            if (list.scrollHeight - list.scrollTop - list.clientHeight < NEAR) {
                $('chat-new').hidden = true;
            }
        });

        $('chat-kinds').replaceChildren(...KINDS.map((kind) => {
            const button = document.createElement('button');

            button.type = 'button';
            button.textContent = kind;
            button.setAttribute('aria-label', 'React with ' + kind);
            button.addEventListener('click', () => {
                this.room.send({ type: 'reaction', kind },
                               (code) => this.fault(code && explained(code)));
            });
            return button;
        }));
    }
};


function explained(code) {
    return ERRORS[code] || 'It was refused (' + code + ').';
}

/* a colour for a name, the same on each page */

function hue(id) {
    let h = 0;

    for (let i = 0; i < id.length; i++) {
        h = (h * 31 + id.charCodeAt(i)) % 360;
    }

    return h;
}
