/*
 * A room of the chat: the connection, by WebSocket, server-sent events or
 * polling, whichever the network lets through.  It resumes where it was: see
 * docs/chat-protocol.md.
 */

import { encoded, setting } from './base.js';


const RETRY_LEAST = 1000;            /* ms before the connection is tried again */
const RETRY_MOST = 30000;
const SOON = 1500;                   /* ms: the server restarts, at most */
const CALM = 5000;                   /* ms: one was too slow, at least */
const OPEN_WITHIN = 8000;            /* ms that a WebSocket may take to open */
const TRANSPORTS = ['websocket', 'events', 'poll'];


export function address(name, scheme) {
    const url = new URL(setting('live-chat', '/chat/') + encoded(name),
                        location.href);

    if (scheme) {
        url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
    }

    new URLSearchParams(location.search).forEach((value, key) => {
        if (key !== 'stream' && key !== 'player') {
            url.searchParams.append(key, value);
        }
    });

    return url;
}


export class Room {

    /* heard(message) gets all messages, changed(state) "on", "off", "busy",
     * "refused" or "absent" */

    constructor(name, nick, heard, changed) {
        this.name = name;
        this.nick = nick;
        this.heard = heard;
        this.changed = changed;
        this.cursor = '';
        this.transport = 0;
        this.failures = 0;
        this.number = 0;
        this.pending = new Map();
        this.back = () => this.hurry();
        window.addEventListener('online', this.back);
        this.connect();
    }

    close() {
        this.closed = true;
        this.drop();
        clearTimeout(this.timer);
        window.removeEventListener('online', this.back);
    }

    /* there is a network again */

    hurry() {
        if (this.waiting) {
            clearTimeout(this.timer);
            this.connect();
        }
    }

    drop() {
        clearTimeout(this.opening);
        if (this.ws) {
            this.ws.onclose = this.ws.onmessage = this.ws.onopen = null;
            this.ws.close();
        }
        if (this.source) {
            this.source.close();
        }
        if (this.abort) {
            this.abort.abort();
        }
        this.ws = this.source = this.abort = null;
        this.pending.forEach((done) => done('lost'));
        this.pending.clear();
    }

    /* as one who comes anew */

    again() {
        this.cursor = '';
        this.drop();
        clearTimeout(this.timer);
        this.connect();
    }

    connect() {
        this.joined = this.waiting = false;
        this[TRANSPORTS[this.transport]]();
    }

    /* the connection failed or was lost */

    lost(code) {
        const was = this.joined;

        this.joined = false;
        this.drop();

        if (this.closed) {
            return;
        }
        if (code === 1008) {
            this.changed('refused');
            return;
        }

        this.changed(code === 1013 ? 'busy' : 'off');

        if (!was && !wanted(code)) {
            this.failures++;

            /* a network that eats one kind may let the next one through */

            if (this.failures % 2 === 0) {
                this.transport = Math.min(this.transport + 1,
                                          TRANSPORTS.length - 1);
            }
        }

        this.waiting = true;
        this.timer = setTimeout(() => this.connect(), this.pause(code));
    }

    /* ms until the next try: not all clients of a server at one moment */

    pause(code) {
        const wait = Math.min(RETRY_MOST, RETRY_LEAST * 2 ** this.failures);

        return code === 1013 ? CALM * (1 + Math.random())
               : wanted(code) && this.failures === 0 ? SOON * Math.random()
               : wait * (0.5 + Math.random() / 2);
    }

    message(m) {
        if (m.type === 'welcome') {
            this.joined = true;
            this.failures = 0;
            this.changed('on');
        }
        if (m.type === 'ack' || m.type === 'error') {
            const done = this.pending.get(m.ref);
            this.pending.delete(m.ref);
            if (done) {
                done(m.type === 'error' ? m.code : '', m);
                return;
            }
        }
        if (m.cursor) {
            this.cursor = m.cursor;
        }
        this.heard(m);
    }

    websocket() {
        const ws = new WebSocket(address(this.name, true));

        this.ws = ws;
        this.opening = setTimeout(() => this.lost(0), OPEN_WITHIN);

        ws.onopen = () => {
            const join = { type: 'join' };

            clearTimeout(this.opening);
            if (this.cursor) {
                join.cursor = this.cursor;
            }
            if (this.nick) {
                join.name = this.nick;
            }
            ws.send(JSON.stringify(join));
        };
        ws.onmessage = (event) => this.message(JSON.parse(event.data));
        ws.onclose = (event) => {
            if (this.joined || event.code === 1008 || wanted(event.code)) {
                this.lost(event.code);
                return;
            }
            this.probe();
        };
    }

    /* why a WebSocket did not open is not told: is there a room at all? */

    async probe() {
        const url = address(this.name);

        url.searchParams.set('cursor', '');

        try {
            const r = await fetch(url, { cache: 'no-store' });

            if (r.status === 404 || r.status === 405) {
                this.drop();
                this.changed('absent');
                return;
            }
            if (r.status === 401 || r.status === 403) {
                this.drop();
                this.changed('refused');
                return;
            }
        } catch (e) {
            /* no network */
        }
        this.lost(0);
    }

    events() {
        const url = address(this.name);

        if (this.cursor) {
            url.searchParams.set('cursor', this.cursor);
        }
        if (this.nick) {
            url.searchParams.set('name', this.nick);
        }

        this.source = new EventSource(url);
        this.source.onmessage = (event) => this.message(JSON.parse(event.data));
        this.source.onerror = () => this.lost(0);
    }

    async poll() {
        const abort = new AbortController();

        this.abort = abort;

        try {
            while (!this.closed && this.abort === abort) {
                const url = address(this.name);

                url.searchParams.set('cursor', this.cursor);

                const r = await fetch(url, { cache: 'no-store',
                                             signal: abort.signal });
                if (!r.ok) {
                    throw new Error(String(r.status));
                }

                const answer = await r.json();

                if (!this.joined || !answer.resumed) {
                    this.message({ type: 'welcome', polled: true, room: {},
                                   writes: true, resumed: answer.resumed,
                                   cursor: answer.cursor,
                                   messages: answer.messages });
                } else {
                    answer.messages.forEach((m) => this.message(m));
                }
                this.cursor = answer.cursor;
            }
        } catch (e) {
            if (this.abort === abort) {
                this.lost(0);
            }
        }
    }

    /* done(code, answer): code is empty if it was done */

    send(command, done = () => {}) {
        if (!this.joined) {
            done('lost');
            return;
        }

        if (!this.ws) {
            this.post(command, done);
            return;
        }

        const ref = 'c' + ++this.number;

        this.pending.set(ref, done);
        this.ws.send(JSON.stringify({ ...command, id: ref }));
    }

    /* what needs no answer and is not worth a request */

    hint(command) {
        if (this.joined && this.ws && this.ws.readyState === WebSocket.OPEN) {
            this.ws.send(JSON.stringify(command));
        }
    }

    async post(command, done) {
        const url = address(this.name);

        if (this.nick) {
            url.searchParams.set('name', this.nick);
        }

        try {
            const r = await fetch(url, { method: 'POST',
                headers: { 'Content-Type': 'application/json' },
                body: JSON.stringify(command) });
            const answer = await r.json();

            done(r.ok ? '' : answer.detail || 'lost', answer);
        } catch (e) {
            done('lost');
        }
    }
}


/* closed by a server that goes away or wants one back later */

function wanted(code) {
    return code === 1001 || code === 1012 || code === 1013;
}
