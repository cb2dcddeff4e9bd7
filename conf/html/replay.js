/*
 * The chat of a picture of the past: whoever is behind live reads what was
 * said at the time that he sees, in pieces that all viewers ask for alike.
 */

import { $, text } from './base.js';
import { chat } from './chat.js';
import { player } from './player.js';
import { address } from './room.js';
import { clock } from './streams.js';


const PIECE = 30000;                 /* ms, from whole ones on */
const PAGES = 10;                    /* of a piece, at most */
const AGAIN = 3000;                  /* ms: a piece that is not over */


export const replay = {
    on: false,
    entries: [],                     /* by their time */
    next: 0,                         /* of entries: to be shown */
    at: 0,                           /* ms since 1970: shown up to there */
    run: null,                       /* what is asked for, until it is not */

    /* called twice a second */

    tick() {
        const date = player.engine && player.state === 'playing'
                     ? player.engine.date() : null;
        const past = Boolean(chat.room && chat.me) && date !== null
                     && !player.atLive && player.behind();

        if (past !== this.on) {
            this.turn(past);
        }
        if (past) {
            this.show(date);
        }
    },

    turn(on) {
        this.on = on;
        chat.past = on;
        this.forget();

        if (!on && chat.room) {
            chat.room.again();
        }

        chat.tell();
    },

    forget() {
        this.entries = [];
        this.next = this.at = 0;
        this.run = { pieces: new Map(), busy: 0 };
        chat.empty();
    },

    show(date) {
        const piece = Math.floor(date / PIECE);

        /* the viewer has moved */

        if (this.at && (date < this.at - 1000 || date > this.at + PIECE)) {
            this.forget();
        }

        this.at = date;
        this.load(piece - 1);
        this.load(piece);

        if (date % PIECE > PIECE / 2) {
            this.load(piece + 1);
        }

        /* what comes first is not always what was said first */

        while (!this.run.busy && this.next < this.entries.length
               && this.entries[this.next].ts <= date)
        {
            chat.apply(this.entries[this.next++]);
        }

        text($('chat-state'), 'As it was at '
             + new Date(date).toLocaleTimeString());
    },

    async load(piece) {
        const run = this.run;
        const now = clock.now();
        const was = run.pieces.get(piece);
        const end = (piece + 1) * PIECE;

        if (piece * PIECE > now
            || (was && (was > end + AGAIN || now - was < AGAIN)))
        {
            return;
        }

        run.pieces.set(piece, now);
        run.busy++;

        try {
            await this.fetch(run, piece * PIECE, end);
        } catch (e) {
            run.pieces.set(piece, end - 1);     /* no network: once more */
        }

        run.busy--;
    },

    async fetch(run, from, to) {
        const url = address(chat.name);

        url.searchParams.set('from', new Date(from).toISOString());
        url.searchParams.set('to', new Date(to).toISOString());

        for (let i = 0; i < PAGES; i++) {
            const r = await fetch(url);
            const answer = await r.json();

            if (!r.ok || this.run !== run) {
                return;
            }
            this.add(answer.messages);
            if (!answer.next) {
                return;
            }
            url.searchParams.set('from', answer.next);
        }
    },

    add(messages) {
        const name = (e) => e.origin || e.id;
        const known = new Set(this.entries.map(name));
        const shown = this.entries.slice(0, this.next);
        const rest = this.entries.slice(this.next)
            .concat(messages.filter((e) => !known.has(name(e))))
            .sort((a, b) => a.ts - b.ts);

        this.entries = shown.concat(rest);
    }
};
