/*
 * The server's clock and its list of streams, both from its status.
 */

import {
    $, bits, count, encoded, setting, span, text, wanted
} from './base.js';


const STATUS_EVERY = 3000;           /* ms between two looks at the status */
const STATUS_MOST = 30000;           /* ms, while there is no answer */



/*
 * The server's clock.  Latency is the server's time now minus the
 * EXT-X-PROGRAM-DATE-TIME of the picture, and a viewer's clock may be wrong
 * by minutes.  A Date field has whole seconds, so each answer gives an
 * interval for the difference; the intersection of them narrows.  While it
 * contains zero the viewer's clock is taken to be right.
 */

export const clock = {
    low: -Infinity,
    high: Infinity,

    learn(date, sent, received) {
        const t = Date.parse(date);

        if (Number.isNaN(t)) {
            return;
        }

        const low = t - received, high = t + 1000 - sent;

        if (low > this.high || high < this.low) {
            this.low = low;
            this.high = high;
            return;
        }

        this.low = Math.max(this.low, low);
        this.high = Math.min(this.high, high);
    },

    now() {
        if (this.low <= 0 && this.high >= 0) {
            return Date.now();
        }

        return Date.now() + (this.low + this.high) / 2;
    }
};

/* The list, which is the server's status. */

const DOORS = ['rtmp', 'flv', 'hls', 'whep'];
const STATES = { live: 'Live', waiting: 'Waiting', ended: 'Ended' };

export const status = {
    known: false,
    streams: [],
    wait: STATUS_EVERY,
    timer: 0,
    current: null,                   /* the name of the stream shown */
    chat: null,                      /* is there one? null: not known yet */

    /* set by the player's side */

    news() {},
    choose(name) {},

    of(name) {
        return this.streams.find((s) => s.application + '/' + s.name === name);
    },

    sessionOf(name) {
        const s = this.of(name);
        return s ? s.session : null;
    },

    async poll() {
        clearTimeout(this.timer);

        if (!document.hidden) {
            await this.ask();
        }

        this.timer = setTimeout(() => this.poll(), this.wait);
    },

    async ask() {
        const sent = Date.now();
        let answer, data;

        try {
            answer = await fetch(setting('live-status', '/status'),
                                 { cache: 'no-store' });
            clock.learn(answer.headers.get('Date'), sent, Date.now());
            if (!answer.ok) {
                this.unknown('The server keeps its list of streams to itself '
                             + '(' + answer.status + ').');
                return;
            }
            data = await answer.json();
        } catch (e) {
            this.unknown(answer
                         ? 'The server’s list of streams cannot be read.'
                         : 'The server does not answer. Trying again…');
            return;
        }

        this.wait = STATUS_EVERY;
        this.known = true;
        this.chat = Boolean(data.chat);
        this.streams = (data.streams || []).map((s) => (
            Object.assign({}, s, { tracks: s.tracks || [] })));
        text($('node'), data.node || '');
        $('open').hidden = true;
        this.render();
        this.news();
    },

    unknown(why) {
        this.known = false;
        this.streams = [];
        this.chat = this.chat !== false;
        this.wait = Math.min(this.wait * 2, STATUS_MOST);
        text($('streams-text'), why);
        $('streams-text').hidden = false;
        $('open').hidden = false;
        $('streams').replaceChildren();
        this.about();
        this.news();
    },

    render() {
        const order = { live: 0, waiting: 1, ended: 2 };
        const full = (s) => s.application + '/' + s.name;
        const list = this.streams.slice().sort((a, b) => (
            (order[a.state] - order[b.state]) || full(a).localeCompare(full(b))
        ));
        const ul = $('streams');

        list.forEach((s, i) => {
            const li = ul.children[i] || ul.appendChild(this.row());
            this.fill(li.firstChild, s, full(s));
        });
        while (ul.children.length > list.length) {
            ul.lastChild.remove();
        }

        text($('streams-text'), 'Nothing is being published now.');
        $('streams-text').hidden = list.length > 0;
        this.about();

        /* with one stream there is nothing to choose */

        if (!this.current && !wanted()) {
            const live = list.filter((s) => s.state === 'live');
            if (live.length === 1) {
                this.choose(full(live[0]));
            }
        }
    },

    row() {
        const li = document.createElement('li');
        const a = li.appendChild(document.createElement('a'));

        ['what', 'badge', 'how'].forEach((name) => {
            a.appendChild(document.createElement('span')).className = name;
        });
        return li;
    },

    fill(a, s, name) {
        const current = name === this.current;
        const [what, badge, how] = a.children;

        if (a.getAttribute('href') !== '#' + encoded(name)) {
            a.setAttribute('href', '#' + encoded(name));
        }
        if (current !== a.hasAttribute('aria-current')) {
            a.toggleAttribute('aria-current', current);
            if (current) {
                a.setAttribute('aria-current', 'true');
            }
        }
        text(what, name);
        text(badge, STATES[s.state] || s.state);
        badge.className = 'badge ' + s.state;
        text(how, this.describe(s));
    },

    describe(s) {
        const v = s.tracks.find((t) => t.kind === 'video');
        const rateOfAll = s.tracks.reduce((n, t) => n + (t.bitrate || 0), 0);
        const viewers = DOORS.reduce((n, door) => (
            n + ((s.viewers && s.viewers[door]) || 0)), 0);

        return [v ? (v.width ? v.width + '×' + v.height : '') : 'sound only',
                bits(rateOfAll),
                count(viewers, 'viewer', 'viewers'),
                s.uptime > 0 ? span(s.uptime) : '']
               .filter(Boolean).join(' · ');
    },

    /* the badge and the hint beside the player */

    about() {
        const s = this.of(this.current);
        const hls = (s && s.hls) || {};

        $('badge').hidden = !s;
        if (s) {
            text($('badge'), STATES[s.state] || s.state);
            $('badge').className = 'badge ' + s.state;
        }

        $('hint').hidden = !(s && hls.low_latency === false && hls.reason);
        text($('hint'), 'Normal latency: ' + (hls.reason || '') + '.');
    }
};
