/*
 * The page: controls, figures, the note on TLS, and the start of it all.
 */

import {
    $, bits, buffered, clean, encoded, icon, local, playlist, rate, seconds,
    setting, stored, text, video, wanted
} from './base.js';
import { chat } from './chat.js';
import { replay } from './replay.js';
import { player, say, stalls } from './player.js';
import { clock, status } from './streams.js';


const FIGURES_EVERY = 500;           /* ms */
const HIDE_AFTER = 3000;             /* ms until the controls fade */


/* Controls. */

const controls = {
    timer: 0,
    dragging: false,                 /* the position, by the viewer */
    touched: false,                  /* the viewer has decided about sound */

    show() {
        const muted = video.muted || video.volume === 0;
        const paused = video.paused;
        const on = player.engine !== null;

        icon($('play'), paused ? 'play' : 'pause');
        $('play').setAttribute('aria-label', paused ? 'Play' : 'Pause');
        $('play').title = (paused ? 'Play' : 'Pause') + ' (k)';
        icon($('mute'), muted ? 'mute' : 'sound');
        $('mute').setAttribute('aria-pressed', String(muted));
        $('volume').value = muted ? 0 : video.volume;
        $('volume').setAttribute('aria-valuetext',
                                 Math.round($('volume').value * 100) + ' %');
        $('tap-sound').hidden = !on || !muted || this.touched || paused
                                || player.state !== 'playing';
        $('big-play').hidden = !player.refused;
        $('bar').hidden = !on;
        if (player.refused) {
            say('', '');
        }
    },

    wake() {
        clearTimeout(this.timer);
        $('player').classList.remove('quiet');
        this.timer = setTimeout(() => {
            if (!video.paused && player.state === 'playing') {
                $('player').classList.add('quiet');
            }
        }, HIDE_AFTER);
    },

    toggle() {
        if (!player.engine) {
            return;
        }
        if (video.paused) {
            player.moved();
            player.play();
        } else {
            video.pause();
        }
    },

    mute(flag) {
        this.touched = true;
        video.muted = flag;
        if (!flag && video.volume === 0) {
            video.volume = 0.5;
        }
    },

    volume(value) {
        this.touched = true;
        video.volume = Math.min(1, Math.max(0, value));
        video.muted = video.volume === 0;
        stored('live-volume', String(video.volume));
    },

    seek(by) {
        const r = video.seekable;

        if (!player.engine || !r.length) {
            return;
        }

        const edge = player.engine.liveEdge() || r.end(r.length - 1);
        const to = video.currentTime + by;

        if (by > 0 && to >= edge) {
            player.goLive();
            return;
        }
        video.currentTime = Math.max(r.start(0), to);
        player.moved();
    },

    full() {
        const box = $('player');

        if (document.fullscreenElement) {
            document.exitFullscreen();
        } else if (box.requestFullscreen) {
            box.requestFullscreen().catch(() => {});
        } else if (video.webkitEnterFullscreen) {
            video.webkitEnterFullscreen();      /* iPhones: the video alone */
        }
    },

    levels() {
        const select = $('level');
        const levels = player.engine ? player.engine.levels() : [];

        select.hidden = levels.length < 2;
        select.replaceChildren(new Option('Auto', '-1'));
        levels.forEach((l, i) => {
            select.add(new Option(l.height ? l.height + 'p' : bits(l.bitrate),
                                  String(i)));
        });
    },

    /* twice a second: what depends on where the picture is */

    tick() {
        const behind = player.behind();
        const on = player.state === 'playing';
        const r = video.seekable;
        const length = r.length ? r.end(r.length - 1) - r.start(0) : 0;
        const seek = $('seek');

        $('live').hidden = !on || !behind;
        $('edge').hidden = !on || behind || player.latency() === null;

        seek.hidden = !on || length < 20;
        if (!seek.hidden && !this.dragging) {
            seek.min = String(r.start(0));
            seek.max = String(player.engine.liveEdge() || r.end(r.length - 1));
            seek.value = String(video.currentTime);
            seek.setAttribute('aria-valuetext',
                Math.round(player.latency() || 0) + ' seconds behind live');
        }
    },

    key(event) {
        if (event.ctrlKey || event.metaKey || event.altKey
            || /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName))
        {
            return;
        }

        const button = /^(BUTTON|A)$/.test(event.target.tagName);
        const keys = {
            'k': () => this.toggle(),
            'm': () => this.mute(!video.muted),
            'f': () => this.full(),
            'l': () => player.goLive(),
            'ArrowLeft': () => this.seek(-5),
            'ArrowRight': () => this.seek(5),
            'ArrowUp': () => this.volume(video.volume + 0.1),
            'ArrowDown': () => this.volume(video.volume - 0.1)
        };

        /* up and down scroll the page unless the player has the focus */

        if (/^Arrow(Up|Down)$/.test(event.key)
            && !$('player').contains(event.target))
        {
            return;
        }

        if (event.key === ' ' && !button) {
            keys[' '] = keys.k;
        }

        const action = keys[event.key];

        if (action && player.name) {
            action();
            this.wake();
            event.preventDefault();
        }
    },

    listen() {
        const on = (id, name, f) => $(id).addEventListener(name, f);

        on('play', 'click', () => this.toggle());
        on('big-play', 'click', () => player.play());
        on('tap-sound', 'click', () => this.mute(false));
        on('mute', 'click', () => this.mute(!video.muted));
        on('live', 'click', () => player.goLive());
        on('full', 'click', () => this.full());
        on('volume', 'input', (e) => this.volume(Number(e.target.value)));
        on('seek', 'pointerdown', () => { this.dragging = true; });
        on('seek', 'change', () => { this.dragging = false; });
        on('seek', 'pointercancel', () => { this.dragging = false; });
        on('seek', 'input', (e) => {
            video.currentTime = Number(e.target.value);
            player.moved();
        });
        on('level', 'change', (e) => {
            player.engine.choose(Number(e.target.value));
        });

        on('video', 'click', (e) => {
            if (e.pointerType === 'mouse') {
                this.toggle();
            }
        });
        on('video', 'dblclick', () => this.full());
        ['pointermove', 'pointerdown', 'focusin'].forEach((name) => {
            on('player', name, () => this.wake());
        });

        ['play', 'pause', 'playing', 'volumechange', 'emptied']
        .forEach((name) => {
            on('video', name, () => { this.show(); this.wake(); });
        });

        document.addEventListener('keydown', (e) => this.key(e));
        document.addEventListener('fullscreenchange', () => {
            const full = document.fullscreenElement !== null;

            icon($('full'), full ? 'window' : 'full');
            $('full').setAttribute('aria-pressed', String(full));
        });

        if (stored('live-volume') !== null) {
            video.volume = Math.min(1, Number(stored('live-volume')) || 1);
        }
    }
};


/* The figures below the picture. */

function protocol() {
    const url = player.name ? playlist(player.name).replace(/index.*/, '') : '';
    const names = { 'h3': 'HTTP/3', 'h2': 'HTTP/2', 'http/1.1': 'HTTP/1.1' };
    const list = performance.getEntriesByType('resource');

    for (let i = list.length - 1; i >= 0; i--) {
        if (list[i].name.startsWith(url) && list[i].nextHopProtocol) {
            return names[list[i].nextHopProtocol] || list[i].nextHopProtocol;
        }
    }

    return '';
}

function picture() {
    const level = player.engine ? player.engine.level() : undefined;
    const s = status.of(player.name);
    const track = s && s.tracks.find((t) => t.kind === 'video');
    const width = video.videoWidth || (track && track.width);
    const height = video.videoHeight || (track && track.height);
    const fps = (level && level.frameRate) || (track && track.fps);

    if (!width && s && !track) {
        return 'sound only';
    }

    return width ? [width + '×' + height, rate(fps)].filter(Boolean).join(', ')
                 : '–';
}

function bitrate() {
    const levels = player.engine ? player.engine.levels() : [];
    const level = player.engine ? player.engine.level() : undefined;
    const s = status.of(player.name);
    const sum = s ? s.tracks.reduce((n, t) => n + (t.bitrate || 0), 0) : 0;

    if (levels.length < 2 && sum) {
        return bits(sum);
    }

    return level ? bits(level.averageBitrate || level.bitrate) : '–';
}

function mode() {
    const low = player.engine.lowLatency();
    return player.engine.name()
           + (low === null ? '' : low ? ', low latency' : ', normal latency');
}

function figures() {
    const on = player.engine !== null;
    const latency = player.latency();
    const q = video.getVideoPlaybackQuality && video.getVideoPlaybackQuality();
    const total = stalls.total();

    text($('f-latency'), latency === null ? '–'
                         : latency < 0 ? 'clocks differ' : seconds(latency));
    text($('f-picture'), on ? picture() : '–');
    text($('f-bitrate'), on ? bitrate() || '–' : '–');
    text($('f-stalls'), !player.name ? '–' : !stalls.count ? 'none'
                        : stalls.count + ', ' + seconds(total) + ' in all');
    text($('f-dropped'), q && on ? q.droppedVideoFrames + ' of '
                                   + q.totalVideoFrames : '–');
    text($('f-buffer'), on ? seconds(buffered(video)) : '–');
    text($('f-player'), on ? mode() : '–');
    text($('f-connection'), (on && protocol()) || '–');

    $('f-stalls').classList.toggle('bad', stalls.count > 0);
    $('f-latency').classList.toggle('bad', player.behind());
}


/* Why TLS is needed, where it is and is not there. */

const tls = {
    link() {
        const known = { '': '', '8080': '8443', '8000': '8443' };
        const port = setting('live-https-port', known[location.port]);

        if (port === undefined) {
            return null;
        }

        const url = new URL(location.href);
        url.protocol = 'https:';
        url.port = port === '443' ? '' : port;
        return url.href;
    },

    reason() {
        const apple = /^Apple/.test(navigator.vendor);

        if (location.protocol === 'http:' && !local(location.hostname)) {
            return 'This page came over plain HTTP. '
                + (apple ? 'Apple’s player needs HTTPS and HTTP/2 for low '
                           + 'latency, so another one is used here or the '
                           + 'latency is a normal one.'
                         : 'Apple devices need HTTPS and HTTP/2 for low '
                           + 'latency, and without HTTP/2 a browser has six '
                           + 'connections to a server, too few for two '
                           + 'players.');
        }

        if (location.protocol === 'https:' && protocol() === 'HTTP/1.1') {
            return 'The server speaks HTTP/1.1 here. Low latency on Apple '
                + 'devices needs HTTP/2 (“http2” in nginx’s settings), '
                + 'and a browser opens only six connections without it.';
        }

        return '';
    },

    show() {
        const why = this.closed ? '' : this.reason();
        const href = location.protocol === 'http:' ? this.link() : null;

        $('tls').hidden = !why;
        text($('tls-text'), why);
        $('tls-link').hidden = !href;
        if (href) {
            $('tls-link').href = href;
        }
    }
};

$('tls-close').addEventListener('click', () => {
    tls.closed = true;
    tls.show();
});


/* Start. */

function show(name) {
    player.open(name);
    chat.open(name, status.chat);
    status.current = name;
    status.render();
}

function choose() {
    const name = wanted();

    if (name) {
        show(name);
    } else if (location.hash.length > 1
               || location.search.includes('stream='))
    {
        say('That is no name of a stream', 'It has the form APP/NAME, '
            + 'such as live/demo.');
    }
}

$('open').addEventListener('submit', (event) => {
    const name = clean($('open-name').value);

    event.preventDefault();
    if (name) {
        location.hash = encoded(name);
    } else {
        $('open-name').setCustomValidity('APP/NAME, such as live/demo');
        $('open-name').reportValidity();
    }
});
$('open-name').addEventListener('input', (event) => {
    event.target.setCustomValidity('');
});

window.addEventListener('hashchange', choose);
document.addEventListener('visibilitychange', () => {
    if (!document.hidden) {
        status.poll();
    }
});

setInterval(() => {
    player.tick();
    controls.tick();
    replay.tick();
    figures();
    tls.show();
}, FIGURES_EVERY);

/* for the console, and for tests */

window.live = {
    player, stalls, status, clock, video, chat, replay,
    get hls() { return player.engine && player.engine.hls; }
};

player.changed = () => { controls.levels(); controls.show(); };
status.news = () => {
    if (status.known) {
        player.look();
    }
    chat.look(status.chat);
};
status.choose = show;

controls.listen();
controls.show();
chat.listen();
choose();
figures();
tls.show();
status.poll();
