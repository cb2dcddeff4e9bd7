/*
 * What plays: hls.js or the browser's own HLS, behind one interface.
 */

import { video } from './base.js';


/*
 * Engines.  Each has start(url), stop(), date() (of the picture now shown,
 * ms, or null), target() (the latency it aims at, s), liveEdge() (where
 * "Go live" goes), lowLatency(), and reports by the callbacks it is given:
 * started, away(flag), ended, trouble(kind, detail).
 */

export class HlsJs {
    constructor(report) {
        this.report = report;
        this.repairs = 0;
        this.details = null;
    }

    start(url) {
        const retry = (most, first) => ({
            maxNumRetry: most, retryDelayMs: first, maxRetryDelayMs: 4000
        });
        const policy = (wait, most) => ({
            default: {
                maxTimeToFirstByteMs: wait,
                maxLoadTimeMs: 60000,
                timeoutRetry: retry(2, 0),
                errorRetry: retry(most, 500)
            }
        });

        const hls = new Hls({
            lowLatencyMode: true,
            liveDurationInfinity: true,
            liveSyncOnStallIncrease: 0.5,
            backBufferLength: 60,
            capLevelToPlayerSize: true,
            enableInterstitialPlayback: false,
            manifestLoadPolicy: policy(10000, 0),
            /* a blocking reload may be held for three target durations */
            playlistLoadPolicy: policy(30000, 4),
            fragLoadPolicy: policy(15000, 4)
        });

        this.hls = hls;
        hls.on(Hls.Events.ERROR, (event, data) => this.failed(data));
        hls.on(Hls.Events.MANIFEST_PARSED, () => this.report.started());
        hls.on(Hls.Events.LEVEL_UPDATED, (event, data) => {
            this.updated(data.details);
        });
        hls.loadSource(url);
        hls.attachMedia(video);
    }

    stop() {
        if (this.hls) {
            this.hls.destroy();
            this.hls = null;
        }
    }

    updated(details) {
        const first = this.details === null;
        const gap = this.endsInGap(details);

        this.details = details;

        if (!details.live) {
            this.report.ended(first);
            return;
        }

        if (first && (gap || this.startsInGap(details))) {
            this.report.trouble('gap');
            return;
        }

        this.report.away(gap);
    }

    /*
     * A gap has no parts, but parts of what was before it are listed for some
     * time, and hls.js takes their end for that of the stream: whoever comes
     * then would get the last picture, or, somewhat later, none.
     */

    endsInGap(details) {
        const parts = details.partList;
        const part = parts && parts.length ? parts[parts.length - 1] : null;
        const last = details.fragments[details.fragments.length - 1];

        if (part && (!last || part.end > last.start + last.duration)) {
            return Boolean(part.gap);
        }

        return Boolean(last && last.gap);
    }

    /*
     * Where it would have to start within a gap, hls.js waits for ever for
     * the first picture of it.  The gap of sound may end somewhat later.
     */

    startsInGap(details) {
        const at = details.edge - this.target();

        return details.fragments.some((f) => f.gap && f.start <= at
                                      && at < f.start + f.duration + 0.1);
    }

    failed(data) {
        const D = Hls.ErrorDetails;
        const code = data.response ? data.response.code : 0;

        if (!data.fatal) {
            if (data.type === Hls.ErrorTypes.NETWORK_ERROR) {
                this.report.trouble('retrying', code);
            }
            return;
        }

        switch (data.details) {

        case D.MANIFEST_INCOMPATIBLE_CODECS_ERROR:
        case D.BUFFER_ADD_CODEC_ERROR:
        case D.BUFFER_INCOMPATIBLE_CODECS_ERROR:
            this.report.trouble('codec', data.mimeType || '');
            return;

        case D.MANIFEST_PARSING_ERROR:
            this.report.trouble('playlist', data.reason || '');
            return;
        }

        if (data.type === Hls.ErrorTypes.MEDIA_ERROR && this.repairs < 2) {
            this.repairs++;
            this.hls.recoverMediaError();
            return;
        }

        this.report.trouble(
            data.type === Hls.ErrorTypes.NETWORK_ERROR ? 'network' : 'media',
            code);
    }

    date() {
        const d = this.hls && this.hls.playingDate;
        return d ? d.getTime() : null;
    }

    /* hls.js's own is no newer than the last "timeupdate" */

    latency() {
        const d = this.details;
        return d ? d.edge + d.age - video.currentTime : null;
    }

    target() {
        return (this.hls && this.hls.targetLatency) || 0;
    }

    liveEdge() {
        return this.hls ? this.hls.liveSyncPosition : null;
    }

    lowLatency() {
        return this.details ? Boolean(this.details.partTarget) : null;
    }

    startsLate() { return false; }

    levels() {
        return this.hls ? this.hls.levels : [];
    }

    level() {
        const hls = this.hls;
        return hls && hls.levels ? hls.levels[hls.currentLevel] : undefined;
    }

    chosen() {
        return this.hls.autoLevelEnabled ? -1 : this.hls.loadLevel;
    }

    choose(n) {
        this.hls.nextLevel = n;
    }

    name() {
        return 'hls.js';
    }
}


class Native {
    constructor(report) {
        this.report = report;
        this.abort = new AbortController();
    }

    start(url) {
        const on = (name, f) => {
            video.addEventListener(name, f, { signal: this.abort.signal });
        };

        this.url = url;
        on('loadedmetadata', () => this.report.started());
        on('ended', () => this.report.ended(false));
        on('error', () => this.failed());

        video.src = url;
    }

    stop() {
        this.abort.abort();
        video.removeAttribute('src');
        video.load();
    }

    /* The element says no more than "not supported"; the server says more. */

    async failed() {
        const code = video.error ? video.error.code : 0;
        let answer;

        try {
            answer = await fetch(this.url, { cache: 'no-store' });
        } catch (e) {
            answer = { ok: false, status: 0 };
        }

        if (this.abort.signal.aborted) {
            return;
        }

        if (!answer.ok) {
            this.report.trouble('network', answer.status);
            return;
        }

        this.report.trouble(code === 4 ? 'codec' : 'media', '');
    }

    date() {
        const start = video.getStartDate ? video.getStartDate() : null;
        const t = start ? start.getTime() : NaN;

        return Number.isNaN(t) ? null : t + video.currentTime * 1000;
    }

    latency() {
        const r = video.seekable;
        return r.length ? Math.max(0, r.end(r.length - 1) - video.currentTime)
                        : null;
    }

    target() { return 0; }

    /* Apple's starts 15 to 20 s behind in some versions, low latency or not */

    startsLate() { return /^Apple/.test(navigator.vendor); }

    liveEdge() {
        const r = video.seekable;
        return r.length ? r.end(r.length - 1) : null;
    }

    lowLatency() { return null; }

    levels() { return []; }

    level() { return undefined; }

    name() { return "the browser's own"; }
}


/*
 * Apple's own player is the better one where it gets what it asks of a
 * low-latency server, HTTPS and HTTP/2; over plain HTTP hls.js is.  Other
 * browsers that claim to play HLS do so without low latency.
 */

export function engineFor(report) {
    const asked = new URLSearchParams(location.search).get('player');
    const own = video.canPlayType('application/vnd.apple.mpegurl') !== '';
    const js = typeof Hls !== 'undefined' && Hls.isSupported();
    const apple = /^Apple/.test(navigator.vendor);

    if (own && (asked === 'native' || !js
                || (apple && asked !== 'hls.js'
                    && location.protocol === 'https:')))
    {
        return new Native(report);
    }

    return js ? new HlsJs(report) : null;
}
