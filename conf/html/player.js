/*
 * The player: its stall meter, what it says, and its states.
 */

import { $, buffered, playlist, text, video } from './base.js';
import { HlsJs, engineFor } from './engine.js';
import { clock, status } from './streams.js';


const RETRY_FIRST = 1000;            /* ms, doubled up to RETRY_MOST */
const RETRY_MOST = 8000;
const LOOK_EVERY = 3000;             /* ms, after the end */
const PACE_FROM = 0.12;              /* s off the wanted latency: act */
const PACE_DONE = 0.03;              /* s: good enough */
const PACE_MOST = 4;                 /* s: too far to catch up by speed */
const JUMP_EVERY = 10000;            /* ms */
const STUCK = 16;                    /* half seconds of a stall without cause */
const BEHIND = 5;                    /* s, from here on "Go live" is shown */


/*
 * Stalls as a viewer counts them: the picture stood although it should have
 * moved.  Seeking, pausing and the first start are none; starting anew after
 * a lost connection is one.
 */

export const stalls = {
    count: 0,
    time: 0,
    since: 0,
    moving: false,

    reset() {
        this.count = 0;
        this.time = 0;
        this.since = 0;
        this.moving = false;
    },

    begin() {
        if (this.moving && !this.since && !video.paused) {
            this.since = performance.now();
            this.count++;
        }
    },

    end() {
        if (this.since) {
            this.time += (performance.now() - this.since) / 1000;
            this.since = 0;
        }
    },

    /* what looked like a stall was the end of the stream */

    cancel() {
        if (this.since) {
            this.since = 0;
            this.count--;
        }
        this.moving = false;
    },

    total() {
        return this.time
               + (this.since ? (performance.now() - this.since) / 1000 : 0);
    }
};

video.addEventListener('waiting', () => {
    if (!video.seeking && !video.ended) {
        stalls.begin();
    }
});
video.addEventListener('playing', () => {
    stalls.end();
    stalls.moving = true;
});
video.addEventListener('timeupdate', () => {
    if (!video.paused && !video.seeking && video.readyState > 2) {
        stalls.end();
    }
});
video.addEventListener('pause', () => stalls.end());


/* What the page says, in place of or above the picture. */

export function say(title, detail, options) {
    const o = options || {};

    text($('message-title'), title);
    text($('message-text'), detail || '');
    $('message-title').hidden = !title;
    $('message-text').hidden = !detail;
    $('spinner').hidden = !o.busy;
    $('message').classList.toggle('light', Boolean(o.light));
    $('message').hidden = !title && !o.busy;
}


/*
 * The player.  Its states:
 *
 *   idle     nothing is chosen
 *   loading  an engine has been started, no picture yet
 *   playing  there is a picture, or there was and the engine is at work
 *   lost     playing was cut short, the next attempt is on its way
 *   absent   the server has no such stream; looked for again and again
 *   ended    the publisher has gone for good; watched for a new session
 *   failed   trying again would not help
 */

export const player = {
    state: 'idle',
    name: null,
    engine: null,
    session: null,                   /* of the status, when it was started */
    first: null,                     /* the playlist's first URI, same use */
    away: false,
    retries: 0,
    timer: 0,
    unplayable: null,                /* codecs, as hls.js names them */
    closedUp: false,
    atLive: true,
    jumped: 0,
    stuck: 0,
    refused: false,                  /* the browser refuses to start alone */
    changed() {},                    /* set by those who show the player */

    open(name) {
        if (name === this.name) {
            return;
        }

        this.close();
        stalls.reset();
        this.name = name;
        this.atLive = true;
        this.session = null;
        this.first = null;
        this.retries = 0;
        document.title = name + ' – live';
        text($('name'), name);

        if ('mediaSession' in navigator && window.MediaMetadata) {
            navigator.mediaSession.metadata =
                new MediaMetadata({ title: name });
        }

        this.start();
    },

    close() {
        clearTimeout(this.timer);
        if (this.engine) {
            this.engine.stop();
            this.engine = null;
        }
        this.away = false;
        this.stuck = 0;
        this.refused = false;
        this.closedUp = false;
        this.unplayable = null;
    },

    start() {
        this.close();

        const engine = engineFor({
            started: () => this.engine === engine && this.started(),
            away: (flag) => this.engine === engine && this.setAway(flag),
            ended: (gone) => this.engine === engine && this.ended(gone),
            trouble: (kind, detail) => {
                if (this.engine === engine) {
                    this.trouble(kind, detail);
                }
            }
        });

        if (!engine) {
            this.state = 'failed';
            say('This browser cannot play the stream',
                typeof Hls === 'undefined'
                ? 'The player library hls.min.js could not be loaded.'
                : 'It has neither Media Source Extensions nor HLS of its own.');
            return;
        }

        if (this.state !== 'lost' && this.state !== 'absent') {
            this.state = 'loading';
            say('', '', { busy: true });
        }

        this.engine = engine;
        this.session = status.sessionOf(this.name);
        engine.start(playlist(this.name));
    },

    started() {
        this.changed();
        this.play();
    },

    async play() {
        this.refused = false;
        try {
            await video.play();
        } catch (e) {
            if (e.name === 'NotAllowedError' && !video.muted) {
                video.muted = true;
                this.play();
                return;
            }
            this.refused = e.name === 'NotAllowedError';
        }
        this.changed();
    },

    setAway(flag) {
        this.away = flag;
    },

    playing() {
        this.state = 'playing';
        this.retries = 0;
        say('', '');

        if (!this.closedUp && this.engine) {
            this.closedUp = true;
            if (this.engine.lowLatency()) {
                this.closeUp();
            } else if (this.engine.startsLate() && this.expectsLow()) {
                this.goLive();
            }
        }
    },

    expectsLow() {
        const s = status.of(this.name);
        return Boolean(s && s.hls && s.hls.low_latency)
               && this.latency() > BEHIND;
    },

    /*
     * The first picture comes some tenths of a second after the start position
     * was chosen; what is in the buffer by then is not waited for.
     */

    closeUp() {
        const target = this.engine.target();
        const by = Math.min((this.engine.latency() || 0) - target,
                            buffered(video) - target * 0.6);

        if (by > 0.2) {
            video.currentTime += by;
        }
    },

    /* gone: it had ended before it was opened, so nothing of it is shown */

    ended(gone) {
        if (!gone && !video.ended && this.state === 'playing'
            && !this.drained())
        {
            return;                  /* the rest is still being played */
        }

        this.close();
        this.state = 'ended';
        stalls.cancel();
        say('The stream has ended', 'It starts here by itself when the '
            + 'publisher comes back.');
        this.watch();
    },

    drained() {
        const b = video.buffered;
        return !b.length
               || b.end(b.length - 1) - video.currentTime < 0.25;
    },

    trouble(kind, detail) {
        switch (kind) {

        case 'retrying':
            return;

        case 'codec':
            this.fail('This browser cannot play the codecs of this stream',
                      this.codecs(detail));
            this.unplayable = detail;
            return;

        case 'playlist':
            this.again('lost', 'The playlist could not be read',
                       'Trying again…');
            return;

        case 'gap':
            this.again('lost', 'The publisher is away',
                       'Waiting for it to come back…', RETRY_FIRST);
            return;

        case 'media':
            this.again('lost', 'The player stumbled', 'Starting again…');
            return;
        }

        switch (detail) {

        case 404:
        case 410:
            if (stalls.moving) {
                this.again('lost', 'The stream went away',
                           'Waiting for it to come back…');
                return;
            }
            this.again('absent',
                       'There is no stream “' + this.name + '” now',
                       'It starts here by itself as soon as it is published.');
            return;

        case 401:
        case 403:
            this.fail('You may not watch this stream',
                      'The server refused it with ' + detail + '.'
                      + ' A link with a token may be needed, or a new one.');
            return;

        case 503:
            this.again('lost', 'The stream is not ready',
                       'The server answers 503. Trying again…');
            return;

        case 0:
            this.again('lost', 'The connection to the server is lost',
                       'Reconnecting…');
            return;

        default:
            this.again('lost', 'The server answers ' + detail,
                       'Trying again…');
        }
    },

    codecs(detail) {
        const s = status.of(this.name);
        const list = s ? s.tracks.map((t) => t.codec).filter(Boolean).join(', ')
                       : detail;

        return (list ? 'It is ' + list + '. ' : '')
               + 'Another browser or device may know them.';
    },

    fail(title, detail) {
        this.close();
        this.state = 'failed';
        say(title, detail);
    },

    again(state, title, detail, most) {
        const wait = Math.min(RETRY_FIRST * 2 ** this.retries,
                              most || RETRY_MOST);

        if (this.state === 'playing') {
            stalls.begin();
        }

        this.close();
        this.state = state;
        this.retries++;
        say(title, detail, { busy: state === 'lost' });
        this.timer = setTimeout(() => this.start(), wait);
    },

    /*
     * After the end: a new publish is a new session.  The status tells; where
     * it is closed to viewers, the playlist does, by another first URI.
     */

    async watch() {
        clearTimeout(this.timer);
        this.timer = setTimeout(() => this.watch(), LOOK_EVERY);

        if (status.known) {
            return;
        }

        const name = this.name;
        let uri = null;

        try {
            const answer = await fetch(playlist(name), { cache: 'no-store' });
            if (answer.ok) {
                uri = (await answer.text()).split('\n')
                      .find((line) => line && line[0] !== '#');
            }
        } catch (e) {
            return;
        }

        if (this.name !== name || this.state !== 'ended') {
            return;
        }

        if (this.first === null) {
            this.first = uri || '';
        } else if (uri && uri !== this.first) {
            this.first = null;
            this.start();
        }
    },

    /* called with every new status */

    look() {
        const s = status.of(this.name);

        if (this.unplayable !== null) {
            text($('message-text'), this.codecs(this.unplayable));
        }

        if (this.state === 'absent' && s && s.state === 'live'
            && this.retries > 1)
        {
            this.retries = 0;
            this.start();
        }

        if (this.state === 'ended' && s && s.state === 'live'
            && s.session !== this.session)
        {
            this.start();
        }
    },

    /* called twice a second */

    tick() {
        this.pace();

        if (this.state === 'playing' && this.engine instanceof HlsJs
            && this.engine.details && !this.engine.details.live
            && (video.ended || (stalls.since && this.drained())))
        {
            this.ended(true);
            return;
        }

        if (this.state !== 'playing') {
            return;
        }

        if (stalls.since && performance.now() - stalls.since > 700) {
            this.stalled();
        } else if (!stalls.since) {
            this.stuck = 0;
            say(video.readyState > 1 && !video.videoWidth ? 'Sound only' : '',
                '', { light: true });
        }
    },

    /*
     * Keeps to the latency that the playlist asks for.  hls.js does so only
     * with more than a second of buffer, which parts of 200 ms never give.
     */

    pace() {
        const wrong = this.atLive ? this.wrong() : 0;
        const ahead = buffered(video);
        let rate = 1;

        if (wrong > PACE_MOST) {
            this.jump();
        } else if (Math.abs(wrong) < PACE_DONE) {
            rate = 1;
        } else if (wrong > PACE_FROM || (wrong > 0 && video.playbackRate > 1)) {
            rate = wrong > 0.3 ? 1.1 : 1.05;
        } else if (wrong < -PACE_FROM
                   || (wrong < 0 && video.playbackRate < 1))
        {
            rate = 0.95;
        }

        if (rate > 1 && ahead < this.engine.target() / 2) {
            rate = 1;
        }

        if (video.playbackRate !== rate) {
            video.playbackRate = rate;
        }
    },

    /* seconds off the wanted latency, where low latency is wanted */

    wrong() {
        if (this.state !== 'playing' || !this.engine.lowLatency()
            || this.engine.latency() === null)
        {
            return 0;
        }

        return this.engine.latency() - this.engine.target();
    },

    /* after a long stall: a viewer who was live wants to be live again */

    jump() {
        const now = performance.now();

        if (!stalls.since && !video.paused && now - this.jumped > JUMP_EVERY) {
            this.jumped = now;
            this.goLive();
        }
    },

    /* the viewer has moved: whoever went far back is left there */

    moved() {
        this.atLive = this.wrong() <= PACE_MOST;
    },

    stalled() {
        const s = status.of(this.name);
        const away = this.away || (s && s.state === 'waiting');

        this.stuck = away || !navigator.onLine ? 0 : this.stuck + 1;

        if (away) {
            say('The publisher is away', 'Waiting for it to come back…',
                { busy: true });
        } else if (this.stuck > STUCK) {
            this.again('lost', 'The player stumbled', 'Starting again…');
            return;
        } else if (!navigator.onLine) {
            say('This device is offline', '', { busy: true });
        } else {
            say('Waiting for the stream…', '', { busy: true, light: true });
        }

        this.skipHole();
    },

    /*
     * What was lost while the publisher was away is a hole in the buffer, and
     * the player stands at its edge.
     */

    skipHole() {
        const b = video.buffered;

        for (let i = 0; i < b.length; i++) {
            if (b.start(i) > video.currentTime && b.end(i) - b.start(i) > 0.5) {
                video.currentTime = b.start(i) + 0.01;
                return;
            }
        }
    },

    goLive() {
        const edge = this.engine && this.engine.liveEdge();

        if (edge !== null && Number.isFinite(edge)) {
            video.currentTime = edge;
        }
        this.atLive = true;
        this.play();
    },

    /* seconds behind the server's clock, or behind the live edge, or null */

    latency() {
        if (!this.engine || this.state !== 'playing') {
            return null;
        }

        const date = this.engine.date();

        return date !== null ? (clock.now() - date) / 1000
                             : this.engine.latency();
    },

    /*
     * Plain HLS is far behind by nature, so there "behind" counts from the
     * latency that the playlist asks for.
     */

    behind() {
        const latency = this.latency();

        if (latency === null) {
            return false;
        }

        return latency > (this.engine.lowLatency() === false
                          ? this.engine.target() + BEHIND : BEHIND);
    }
};

video.addEventListener('playing', () => player.playing());
video.addEventListener('ended', () => player.ended(false));
