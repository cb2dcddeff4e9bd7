/*
 * The chat beside the player: what comes from the room goes to the list, the
 * line above it, the poll and so on, each of which is a file of its own.
 */

import { $, count, setting, text } from './base.js';
import { composer, nickname } from './composer.js';
import { health } from './health.js';
import { moderate } from './moderate.js';
import { pinned } from './pinned.js';
import { Room } from './room.js';
import { said } from './said.js';
import { clock } from './streams.js';
import { ticker } from './ticker.js';
import { vote } from './vote.js';
import { names, time } from './words.js';


const PATIENCE = 1500;               /* ms until a lost connection is told */

/* what is not shown now to one who sees a picture of the past */

const LATER = new Set(['message', 'tip', 'announcement', 'pinned', 'unpinned',
                       'cleared', 'reactions', 'poll', 'poll_end']);

const SAYS = { off: 'Reconnecting…',
               busy: 'This was too much at once; back in a moment…',
               refused: 'You may not take part here.' };


export const chat = {
    room: null,
    name: null,
    me: null,
    moderates: false,
    past: false,                     /* replay.js says what is shown */
    sums: new Map(),
    air: new Map(),                  /* who takes part by WebRTC */

    get slow() { return composer.slow; },

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

        this.room = new Room(this.name, nickname(), (m) => this.heard(m),
                             (s) => this.changed(s));
    },

    close() {
        if (this.room) {
            this.room.close();
        }
        this.room = this.me = said.me = null;
        this.moderates = false;
        $('chat').hidden = true;
        [composer, moderate, pinned, ticker, vote, health]
        .forEach((part) => part.close());
        this.sums.forEach((s) => clearTimeout(s.timer));
        this.sums.clear();
        this.reactions();
        this.air.clear();
        this.scope('cluster');
        said.forget();
    },

    changed(state) {
        this.state = state;
        $('chat').hidden = state === 'absent'
                           || (!this.me && (state === 'off'
                                            || state === 'busy'));
        composer.connected(state === 'on');
        this.tell();
    },

    /* a connection that is back at once was not worth a word */

    tell() {
        const words = SAYS[this.state] || '';

        clearTimeout(this.telling);
        if (this.state === 'off') {
            this.telling = setTimeout(() => text($('chat-state'), words),
                                      PATIENCE);
        } else {
            text($('chat-state'), words);
        }
    },

    scope(scope) {
        $('chat-scope').hidden = scope !== 'node';
    },

    heard(m) {
        if (m.type.startsWith('poll') || m.type === 'votes') {
            vote.heard(m);
        }
        if (!this.past || !LATER.has(m.type)) {
            this.apply(m);
        }
    },

    /* entries of the log, which have a cursor, count once */

    apply(m) {
        const f = this['on_' + m.type];

        if (f && !(m.cursor && m.type !== 'welcome' && said.again(m))) {
            f.call(this, m);
        }
    },

    on_welcome(m) {
        const room = m.room;

        this.me = said.me = m.you || this.me || {};
        this.moderates = Boolean(m.moderates);
        moderate.welcome(m);
        this.viewers(room.viewers);
        this.scope(room.scope);

        if (!m.resumed && !this.past) {
            said.forget();
            ticker.close();
        }
        ticker.open(room.totals || {});
        said.many(() => {
            m.messages.filter((e) => !this.past || !LATER.has(e.type))
            .forEach((e) => this.apply(e));
        });
        composer.welcome(m, this.me, this.room.nick);

        if (!m.polled) {
            moderate.room(room);
            vote.open(room.poll, m.writes, this.moderates);
            pinned.pin(room.pinned || '');
            this.air = new Map((room.participants || [])
                               .map((p) => [(p.user || p).id, p]));
            this.taking();
            health.changed(room.state);
        }
        if (room.totals && !m.resumed && !this.past) {
            ticker.load(this.name);
        }
    },

    on_message(m) { said.message(m); },
    on_announcement(m) { said.announcement(m); },

    on_tip(m) {
        said.tip(m);
        ticker.tip(m);
    },

    on_poll(m) { said.note('Poll: ' + m.question); },

    on_poll_end(m) {
        said.note('Poll “' + m.question + '”: '
                  + m.options.map((o, i) => o + ' ' + m.votes[i]).join(', '));
    },

    on_deleted(m) {
        const name = said.name(m.message);

        this.remove((item) => item.dataset.id === name);
        pinned.gone(m.message);
    },

    on_purged(m) { this.remove((item) => item.dataset.user === m.user); },

    on_cleared() {
        said.empty();
        ticker.remove(() => true);
        pinned.pin('');
    },

    on_banned(m) {
        this.told(m, m.seconds ? 'was banned for ' + time(m.seconds)
                               : 'was banned');
        this.remove((item) => item.dataset.user === m.user);
    },

    on_timeout(m) {
        this.told(m, 'may not write for ' + time(m.seconds));
    },

    on_unbanned(m) {
        if (this.me && m.user === this.me.id) {
            composer.wait(0);
            composer.fault('');
        }
        if (this.moderates) {
            said.note(said.nameOf(m.user) + ' may write again');
        }
    },

    on_pinned(m) { pinned.pin(m.message); },
    on_unpinned() { pinned.pin(''); },

    on_slowmode(m) {
        composer.setSlow(m.seconds);
        moderate.slow(m.seconds);
        said.note(m.seconds ? 'Slow mode: a message every ' + time(m.seconds)
                            : 'Slow mode is off');
    },

    on_restricted(m) {
        composer.restricted = m.value;
        composer.show();
        moderate.restrict(m.value);
        said.note(m.value === 'off' ? 'All may write again'
                                    : 'Now only ' + m.value + ' may write');
    },

    on_presence(m) {
        const others = (list) => (list || []).filter(
            (u) => !this.me || u.id !== this.me.id);

        this.viewers(m.viewers);
        if (!this.past && (m.joined || m.left)) {
            said.people(others(m.joined), others(m.left));
        }
    },

    on_typing(m) {
        if (!this.me || m.user.id !== this.me.id) {
            composer.typist(m.user, m.on);
        }
    },

    on_state(m) {
        if (m.scope) {
            this.scope(m.scope);
        }
        if (m.state) {
            health.changed(m.state);
        }
    },

    on_health(m) { health.heard(m); },

    on_joined(m) { this.taking(m); },
    on_left(m) { this.taking(m, true); },
    on_status(m) { this.taking(m); },

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
        const list = [...this.sums].slice(0, 6).map(([kind, s]) => {
            const span = document.createElement('span');

            span.textContent = kind + ' ' + s.n;
            return span;
        });

        $('chat-sums').replaceChildren(...list);
    },

    /* who is to be seen and heard beside the stream */

    taking(m, left) {
        if (m && left) {
            this.air.delete(m.user.id);
        } else if (m && (m.type === 'joined' || this.air.has(m.user.id))) {
            this.air.set(m.user.id, { ...this.air.get(m.user.id), ...m });
        }

        const list = [...this.air.values()].map((p) => (p.user || p).name
            + (p.audio === false ? ' (muted)' : ''));

        text($('chat-air'), list.length ? 'With camera or microphone: '
                                          + names(list) : '');
    },

    viewers(n) {
        text($('chat-viewers'), n > 0 ? count(n, 'is here', 'are here') : '');
    },

    /* what was done to a user is told to him, and those who moderate */

    told(m, what) {
        const since = Math.max(0, (clock.now() - m.ts) / 1000);
        const wait = m.seconds ? m.seconds - since : Infinity;

        if (this.me && m.user === this.me.id && wait > 0) {
            composer.wait(wait);
            composer.fault('You ' + what.replace(/^was/, 'were')
                           + (m.reason ? ': ' + m.reason : ''));
        }
        if (this.moderates) {
            said.note(said.nameOf(m.user) + ' ' + what
                      + (m.by ? ' by ' + m.by.name : ''),
                      ['Undo', () => moderate.act('unban',
                                                  { target: m.user })]);
        }
    },

    remove(which) {
        said.remove(which);
        ticker.remove(which);
    },

    /* replay.js shows another time */

    empty() {
        said.forget();
        ticker.remove(() => true);
    },

    rename(nick) {
        if (this.room && nick !== this.room.nick) {
            nickname(nick);
            this.room.nick = nick;
            this.room.send({ type: 'join', name: nick, ...this.room.cursor
                             ? { cursor: this.room.cursor } : {} });
        }
    },

    listen() {
        const ask = (command, done) => {
            if (this.room) {
                this.room.send(command, done);
            }
        };

        [composer, moderate, pinned, vote].forEach((part) => {
            part.ask = ask;
            part.listen();
        });
        composer.hint = (m) => this.room && this.room.hint(m);
        composer.rename = (nick) => this.rename(nick);
        moderate.fault = pinned.fault = (words) => composer.fault(words);
        pinned.room = () => this.name;
        said.listen();
    }
};
