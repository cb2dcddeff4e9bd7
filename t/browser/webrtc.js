/*
 * Plays or publishes over WebRTC in headless Chromium and says how it went.
 *
 *     node webrtc.js whep|whip URL [OPTIONS]
 *
 * URL is where the offer is posted.  OPTIONS is a JSON object:
 *
 *     seconds     how long after it is connected (5); SIGINT ends it before
 *     start       how long to wait for the first picture, seconds (20)
 *     audio       false: offer none
 *     video       false: offer none
 *     token       sent as "Authorization: Bearer"
 *     count       players at the same time (1), of which the first is told
 *                 of and the others are summed up in "others"
 *
 * A line of JSON is printed when media flow, {"event":"started",...}, and one
 * with what getStats() says at the end, {"event":"report",...}; or
 * {"event":"refused","status":...,"body":...}.
 */

'use strict';

const fs = require('fs');
const path = require('path');

const ROOT = path.resolve(__dirname, '../..');
const BUILD = process.env.NGX_LIVE_BUILD || path.join(ROOT, 'build');

const FLAGS = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic',
               '--no-first-run', '--disable-background-networking',
               '--disable-component-update', '--disable-sync',
               '--disable-dev-shm-usage', '--mute-audio',
               '--autoplay-policy=no-user-gesture-required',
               '--use-fake-device-for-media-stream',
               '--use-fake-ui-for-media-stream'];

const DEFAULTS = { seconds: 5, start: 20, audio: true, video: true, count: 1 };


function playwright() {
    const places = [path.join(BUILD, 'browser/node_modules'),
                    path.join(__dirname, 'node_modules')];

    return require(require.resolve('playwright-core', { paths: places }));
}

function print(event, data) {
    fs.writeSync(1, JSON.stringify(Object.assign({ event }, data)) + '\n');
}

function sleep(seconds) {
    return new Promise((done) => setTimeout(done, seconds * 1000));
}

function chromium() {
    return process.env.CHROMIUM
           || ['/usr/bin/chromium', '/usr/bin/chromium-browser',
               '/usr/bin/google-chrome'].find((p) => fs.existsSync(p));
}


/* What runs inside of the page. */

function client(action, url, options) {
    const sessions = [];

    async function post(pc) {
        await pc.setLocalDescription(await pc.createOffer());

        const headers = { 'Content-Type': 'application/sdp' };

        if (options.token) {
            headers.Authorization = 'Bearer ' + options.token;
        }

        const posted = performance.now();
        const r = await fetch(url, { method: 'POST', headers,
                                     body: pc.localDescription.sdp });
        const body = await r.text();

        if (r.status !== 201) {
            return { status: r.status, body };
        }

        const location = new URL(r.headers.get('Location'), url).href;

        await pc.setRemoteDescription({ type: 'answer', sdp: body });

        return { status: 201, body, location, posted,
                 answered: performance.now() - posted };
    }

    async function play() {
        const pc = new RTCPeerConnection({ bundlePolicy: 'max-bundle' });
        const video = document.createElement('video');
        const media = new MediaStream();
        const s = { pc, video, first: 0, last: 0, longest: 0, shown: 0 };

        video.autoplay = true;
        video.srcObject = media;
        document.body.append(video);

        pc.ontrack = (e) => media.addTrack(e.track);

        function frame() {
            const now = performance.now();

            if (!s.first) {
                s.first = now - s.posted;
            } else {
                s.longest = Math.max(s.longest, now - s.last);
            }
            s.last = now;
            s.shown++;
            video.requestVideoFrameCallback(frame);
        }

        video.requestVideoFrameCallback(frame);

        if (options.video) {
            pc.addTransceiver('video', { direction: 'recvonly' });
        }
        if (options.audio) {
            pc.addTransceiver('audio', { direction: 'recvonly' });
        }

        sessions.push(s);

        return Object.assign(s, await post(pc));
    }

    async function publish() {
        const pc = new RTCPeerConnection({ bundlePolicy: 'max-bundle' });
        const s = { pc };
        const media = await navigator.mediaDevices.getUserMedia(
            { video: options.video && { width: 640, height: 360,
                                        frameRate: 30 },
              audio: options.audio });

        for (const track of media.getTracks()) {
            pc.addTransceiver(track, { direction: 'sendonly',
                                       streams: [media] });
        }

        sessions.push(s);

        return Object.assign(s, await post(pc));
    }

    async function stats(s) {
        const found = { state: s.pc.connectionState, first: s.first,
                        answered: s.answered, longest: s.longest,
                        shown: s.shown };

        for (const [, r] of await s.pc.getStats()) {
            if (r.type === 'inbound-rtp' || r.type === 'outbound-rtp'
                || r.type === 'remote-inbound-rtp')
            {
                found[r.type.split('-').slice(0, -1).join('-') + '-' + r.kind]
                    = r;
            }
        }

        return found;
    }

    self.rtc = {
        sessions,

        start: async () => {
            const s = await (action === 'whep' ? play() : publish());

            return { status: s.status, body: s.body };
        },

        flowing: async (i) => {
            const s = sessions[i];

            if (action === 'whep') {
                return options.video ? s.first > 0
                                     : s.pc.connectionState === 'connected';
            }

            const found = await stats(s);
            const r = found['outbound-video'] || found['outbound-audio'];

            return r && r.packetsSent > 10;
        },

        stats: (i) => stats(sessions[i]),

        end: async (i) => {
            const s = sessions[i];
            const r = await fetch(s.location, { method: 'DELETE' });

            s.pc.close();

            return r.status;
        }
    };
}


async function run(action, url, options) {
    let stop = false;

    process.on('SIGINT', () => { stop = true; });

    const browser = await playwright().chromium.launch(
        { executablePath: chromium(), args: FLAGS, handleSIGINT: false });
    const context = await browser.newContext(
        { permissions: ['camera', 'microphone'] });
    const page = await context.newPage();

    page.on('console', (m) => fs.writeSync(2, m.text() + '\n'));

    await page.goto(new URL('/', url).href);
    await page.evaluate(`(${client})("${action}", ${JSON.stringify(url)},
                                     ${JSON.stringify(options)})`);

    for (let i = 0; i < options.count; i++) {
        const r = await page.evaluate(() => self.rtc.start());

        if (r.status !== 201) {
            print('refused', r);
            await browser.close();
            return;
        }
    }

    const until = Date.now() + options.start * 1000;
    let flowing = false;

    while (!flowing && !stop && Date.now() < until) {
        await sleep(0.05);
        flowing = await page.evaluate(() => self.rtc.flowing(0));
    }

    if (flowing) {
        print('started', await page.evaluate(() => self.rtc.stats(0)));
    }

    for (const end = Date.now() + options.seconds * 1000;
         flowing && !stop && (Date.now() < end || options.seconds === 0); )
    {
        await sleep(0.1);
    }

    const report = await page.evaluate(() => self.rtc.stats(0));

    report.others = [];

    for (let i = 1; i < options.count; i++) {
        report.others.push(await page.evaluate((n) => self.rtc.stats(n), i));
    }

    for (let i = options.count - 1; i >= 0; i--) {
        report.ended = await page.evaluate((n) => self.rtc.end(n), i);
    }

    print('report', report);

    await browser.close();
}


run(process.argv[2], process.argv[3],
    Object.assign({}, DEFAULTS, JSON.parse(process.argv[4] || '{}')))
    .catch((e) => {
        fs.writeSync(2, String(e.stack || e) + '\n');
        process.exitCode = 1;
    });
