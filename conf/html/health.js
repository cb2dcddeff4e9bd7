/*
 * How the stream is, for those who moderate: a line that says what is wrong.
 */

import { $, bits, count, rate, text } from './base.js';


const LATE = 16000;                  /* ms without news of a living stream */
const GOP = 4000;                    /* ms between key frames: above is slow */
const GOP_BAD = 10000;


export const health = {
    bitrate: 0,                      /* what is usual here */
    fps: 0,
    dropped: null,
    lost: 0,                         /* ms: when frames were dropped last */
    state: '',

    heard(m) {
        const now = performance.now();

        if (this.dropped !== null && m.dropped > this.dropped) {
            this.lost = now;
        }
        this.dropped = m.dropped;

        const faults = this.faults(m, now);

        this.bitrate = usual(this.bitrate, m.bitrate);
        this.fps = usual(this.fps, m.fps || 0);

        this.show([bits(m.bitrate) || 'no data', rate(m.fps),
                   m.gop ? 'key frames ' + (m.gop / 1000).toFixed(1) + ' s'
                   : '', m.dropped ? m.dropped + ' dropped' : '',
                   count(m.viewers, 'viewer', 'viewers')], faults);

        clearTimeout(this.timer);
        this.timer = setTimeout(() => this.late(), LATE);
    },

    /* the worst first: [how bad, why] */

    faults(m, now) {
        const part = (n, usually) => (usually > 0 ? n / usually : 1);
        const list = [
            [!m.bitrate, 2, 'nothing comes from the encoder'],
            [this.lost && now - this.lost < 30000, 2,
             'frames are dropped: the server is short of memory'],
            [m.gop > GOP_BAD, 2, 'key frames are too far apart for HLS'],
            [part(m.bitrate, this.bitrate) < 0.25, 2,
             'the encoder sends much less than before'],
            [part(m.fps || 0, this.fps) < 0.5, 2,
             'half of the pictures are missing'],
            [m.gop > GOP, 1, 'key frames are more than 4 s apart'],
            [part(m.bitrate, this.bitrate) < 0.5, 1,
             'the encoder sends less than before'],
            [part(m.fps || 0, this.fps) < 0.8, 1, 'fewer pictures than before']
        ];

        return list.filter(([is]) => is).map(([, bad, why]) => [bad, why]);
    },

    late() {
        if (this.state === 'live') {
            this.show(['no news of the stream'], [[1, 'for 15 s']]);
        }
    },

    changed(state) {
        this.state = state;
        if (!$('chat-health').hidden && state === 'waiting') {
            this.show(['The encoder is away'], [[2, 'waiting for it']]);
        }
        if (state === 'ended') {
            this.close();
        }
    },

    show(figures, faults) {
        const bad = faults.reduce((n, [b]) => Math.max(n, b), 0);
        const why = faults.find(([b]) => b === bad);
        const line = $('chat-health');

        line.hidden = false;
        line.classList.toggle('amber', bad === 1);
        line.classList.toggle('red', bad === 2);
        text($('health-figures'), figures.filter(Boolean).join(' · '));
        text($('health-why'), why ? why[1] : '');
    },

    close() {
        clearTimeout(this.timer);
        this.bitrate = this.fps = this.lost = 0;
        this.dropped = null;
        $('chat-health').hidden = true;
        text($('health-why'), '');
    }
};


/* slowly down, quickly up */

function usual(old, n) {
    return n >= old ? n : old * 0.97 + n * 0.03;
}
