/*
 * Plays a live stream in headless Chromium and says how it went.
 *
 *     node play.js URL [OPTIONS]
 *
 * URL is that of the page, or of a playlist (.m3u8), which is then played by
 * hls.js on a bare page of the same origin.  OPTIONS is a JSON object:
 *
 *     seconds     how long to play after the first frame (20); SIGINT ends it
 *                 before, and 0 means that only SIGINT does
 *     start       how long to wait for the first frame, seconds (20)
 *     still       true: expect no picture, only run the steps
 *     every       milliseconds between two samples (250)
 *     warm        true: first the same in a context of its own, up to a second
 *                 of picture: a browser that has just been started keeps
 *                 everybody waiting
 *     config      hls.js configuration of the bare page
 *     hlsjs       path of hls.min.js for the bare page
 *     width, height, mobile    the window; mobile means touch and a phone's
 *                              agent string
 *     agent, vendor            navigator.userAgent, navigator.vendor
 *     hosts       what Chromium resolves, as "MAP live.test 127.0.0.1"
 *     clock       height of the burned-in clock as a part of the picture's
 *                 (0.0667): the top strip holds 24 black or white blocks, the
 *                 bits of the encoder's time in milliseconds, lowest first
 *     steps       a list run one after the other once the first frame is
 *                 there: ["click", SELECTOR], ["key", NAME], ["eval", CODE],
 *                 ["wait", CODE, SECONDS],
 *                 ["goto", URL], ["offline", BOOL], ["shot", FILE],
 *                 ["type", SELECTOR, TEXT], and ["words"], what the page says
 *     commands    a file to which further steps are appended, a JSON list in
 *                 each line, while the browser plays
 *     shot        a screenshot at the end
 *
 * Lines of JSON are printed: {"event":"warm"} before what is judged begins,
 * {"event":"started",...} at the first frame,
 * {"event":"step",...} after each step, and at last the report, an object
 * whose "event" is "report".  The exit code is 0 when there is a report,
 * whatever is in it.
 */

'use strict';

const fs = require('fs');
const path = require('path');

const ROOT = path.resolve(__dirname, '../..');
const BUILD = process.env.NGX_LIVE_BUILD || path.join(ROOT, 'build');

const AGENT_IPHONE = 'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) '
    + 'AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 '
    + 'Safari/604.1';

/* what keeps Chromium to itself, and from needing a screen */
const FLAGS = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic',
               '--no-first-run', '--disable-background-networking',
               '--disable-component-update', '--disable-sync',
               '--disable-dev-shm-usage', '--mute-audio',
               '--autoplay-policy=no-user-gesture-required'];

const DEFAULTS = { seconds: 20, start: 20, every: 250, width: 1280,
                   height: 800, steps: [], config: {} };


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

function probe(options) {
    const frames = { first: 0, last: 0, longest: 0, shown: 0 };
    const stalls = { count: 0, time: 0, since: 0, moved: false };
    const opened = performance.now();
    let canvas = null;

    function frame(now) {
        const at = performance.now();

        if (!frames.first) {
            frames.first = at - opened;
        } else if (!self.liveProbe.video.paused) {
            frames.longest = Math.max(frames.longest, at - frames.last);
        }
        frames.last = at;
        frames.shown++;
        self.liveProbe.video.requestVideoFrameCallback(frame);
    }

    function watch(video) {
        video.requestVideoFrameCallback(frame);
        video.addEventListener('waiting', () => {
            if (stalls.moved && !stalls.since && !video.seeking
                && !video.paused && !video.ended)
            {
                stalls.since = performance.now();
                stalls.count++;
            }
        });
        video.addEventListener('playing', () => {
            stalls.moved = true;
            if (stalls.since) {
                stalls.time += performance.now() - stalls.since;
                stalls.since = 0;
            }
        });
    }

    function burned(video) {
        const now = Date.now(), size = 1 << 24;
        const height = (options.clock === true ? 1 / 15 : options.clock)
                       * video.videoHeight;
        let value = 0;

        canvas = canvas || new OffscreenCanvas(24, 4);
        const g = canvas.getContext('2d', { willReadFrequently: true });
        g.drawImage(video, 0, height / 4, video.videoWidth, height / 2,
                    0, 0, 24, 4);

        const d = g.getImageData(0, 2, 24, 1).data;
        for (let i = 0; i < 24; i++) {
            value += d[i * 4 + 1] > 127 ? 2 ** i : 0;
        }

        let late = (now - value) % size;
        if (late > size / 2) {
            late -= size;
        }
        return late / 1000;
    }

    function sample() {
        const video = self.liveProbe.video;
        const hls = self.liveProbe.hls();
        const date = hls ? hls.playingDate : null;
        const q = video.getVideoPlaybackQuality();
        const b = video.buffered;
        let ahead = 0;

        for (let i = 0; i < b.length; i++) {
            if (b.start(i) <= video.currentTime
                && video.currentTime <= b.end(i))
            {
                ahead = b.end(i) - video.currentTime;
            }
        }

        const s = {
            t: (performance.now() - opened) / 1000,
            time: video.currentTime,
            latency: date ? (Date.now() - date.getTime()) / 1000 : null,
            edge: hls ? hls.latency : null,
            target: hls ? hls.targetLatency : null,
            buffered: ahead,
            rate: video.playbackRate,
            ready: video.readyState,
            paused: video.paused,
            decoded: q.totalVideoFrames,
            dropped: q.droppedVideoFrames,
            stalls: stalls.count,
            width: video.videoWidth
        };

        if (options.clock && video.readyState > 1) {
            s.clock = burned(video);
        }

        return s;
    }

    function end() {
        const r = performance.getEntriesByType('resource');
        const protocols = {};

        r.forEach((e) => {
            const p = e.nextHopProtocol || 'unknown';
            protocols[p] = (protocols[p] || 0) + 1;
        });

        return {
            frames: { shown: frames.shown, first_ms: frames.first,
                      longest_gap_ms: frames.longest },
            stalls: stalls.count,
            stall_ms: stalls.time
                      + (stalls.since ? performance.now() - stalls.since : 0),
            protocols,
            problems: self.liveProbe.problems
        };
    }

    /*
     * Asks again when a frame is due or the page or a player has changed, and
     * then after those who were told of it, too.
     */

    function until(ask, seconds) {
        return new Promise((done, failed) => {
            const events = ['timeupdate', 'playing', 'waiting', 'pause',
                            'seeked', 'ended', 'visibilitychange'];
            const changes = new MutationObserver(soon);
            const late = setTimeout(() => stop(failed, Error('too late')),
                                    seconds * 1000);
            let frame = 0;

            function stop(how, what) {
                clearTimeout(late);
                cancelAnimationFrame(frame);
                changes.disconnect();
                events.forEach((e) => document.removeEventListener(e, soon,
                                                                   true));
                how(what);
            }

            function check() {
                try {
                    const value = ask();

                    if (value) {
                        stop(done, value);
                    }
                } catch (e) {
                    stop(failed, e);
                }
            }

            function soon() {
                setTimeout(check, 0);
            }

            function each() {
                frame = requestAnimationFrame(each);
                check();
            }

            changes.observe(document, { subtree: true, childList: true,
                                        attributes: true,
                                        characterData: true });
            events.forEach((e) => document.addEventListener(e, soon, true));
            each();
        });
    }

    self.liveProbe = {
        video: null, hls: () => null, problems: [], sample, end, until,
        use(video, hls) {
            this.video = video;
            this.hls = hls;
            watch(video);
        }
    };
}

/* takes hold of the page's player as soon as there is one */

function hook() {
    document.addEventListener('DOMContentLoaded', () => {
        if (self.live) {
            self.liveProbe.use(self.live.video, () => self.live.hls || null);
        }
    });
}

function barePage(src, config) {
    return `<!DOCTYPE html><meta charset="utf-8"><title>player</title>
<video id="video" muted playsinline width="640"></video>
<script src="/__hls.js"></script>
<script>
const video = document.getElementById('video');
const hls = new Hls(Object.assign({ lowLatencyMode: true },
                                  ${JSON.stringify(config)}));
liveProbe.use(video, () => hls);
hls.on(Hls.Events.ERROR, (e, d) => liveProbe.problems.push({
    type: d.type, details: d.details, fatal: d.fatal,
    code: d.response ? d.response.code : null, at: performance.now() / 1000,
    reason: d.reason || (d.error && d.error.message) || '' }));
hls.on(Hls.Events.MANIFEST_PARSED, () => video.play());
hls.loadSource(${JSON.stringify(src)});
hls.attachMedia(video);
</script>`;
}

function hlsjs(options) {
    const places = [options.hlsjs, path.join(BUILD, 'html/hls.min.js')];
    const found = places.find((p) => p && fs.existsSync(p));

    if (!found) {
        throw new Error('no hls.min.js, run "make html"');
    }
    return fs.readFileSync(found);
}


async function open(browser, url, options) {
    const context = await browser.newContext({
        ignoreHTTPSErrors: true,
        viewport: { width: options.width, height: options.height },
        deviceScaleFactor: options.mobile ? 2 : 1,
        isMobile: Boolean(options.mobile),
        hasTouch: Boolean(options.mobile),
        userAgent: options.agent || (options.mobile ? AGENT_IPHONE : undefined)
    });
    const page = await context.newPage();

    await page.addInitScript(probe, options);
    if (options.vendor) {
        await page.addInitScript((v) => {
            Object.defineProperty(Navigator.prototype, 'vendor',
                                  { get: () => v });
        }, options.vendor);
    }

    const log = { console: [], errors: [], failed: [], statuses: {} };
    page.on('console', (m) => log.console.push(m.type() + ': ' + m.text()));
    page.on('pageerror', (e) => log.errors.push(String(e)));
    page.on('requestfailed', (r) => log.failed.push(
        { url: r.url(), why: (r.failure() || {}).errorText }));
    page.on('response', (r) => {
        log.statuses[r.status()] = (log.statuses[r.status()] || 0) + 1;
        if (r.status() >= 400) {
            log.failed.push({ url: r.url(), why: String(r.status()) });
        }
    });

    if (/\.m3u8(\?|$)/.test(url)) {
        const script = hlsjs(options);

        await page.route('**/__player', (route) => route.fulfill(
            { contentType: 'text/html', body: barePage(url, options.config) }));
        await page.route('**/__hls.js', (route) => route.fulfill(
            { contentType: 'text/javascript', body: script }));
        await page.goto(new URL('/__player', url).href);

    } else {
        await page.addInitScript(hook);
        await page.goto(url);
    }

    return { page, context, log };
}

async function warm(browser, url, options) {
    const { page, context } = await open(browser, url, options);
    const video = 'document.querySelector("video")';

    await until(page, `${video} && ${video}.currentTime
                       - (${video}.from ??= ${video}.currentTime) > 1`,
                options.start);
    await context.close();
}

/* not waitForFunction, which asks by and by: the page says when */

async function until(page, code, seconds) {
    try {
        return await page.evaluate(
            `self.liveProbe.until(() => (${code}), ${seconds})`);
    } catch (e) {
        throw /too late/.test(e) ? new Error('waited in vain for ' + code) : e;
    }
}

async function step(where, what) {
    const { page, context } = where;
    const [name, a, b] = what;

    switch (name) {
    case 'click': return page.click(a, { timeout: (b || 20) * 1000 });
    case 'key': return page.keyboard.press(a);
    case 'eval': return page.evaluate(a);
    case 'wait': return until(page, a, b || 20);
    case 'type': return page.fill(a, b);
    case 'words': return page.evaluate(words);
    case 'goto': return void await page.goto(a);
    case 'offline': return context.setOffline(a);
    case 'shot': return void await page.screenshot({ path: a });
    }

    throw new Error('unknown step ' + name);
}

async function run(where, what) {
    let result;

    try {
        const value = await step(where, what);
        result = { step: what, ok: true,
                   value: value === undefined ? null : value };
    } catch (e) {
        result = { step: what, ok: false, why: String(e).split('\n')[0] };
    }

    print('step', result);
    return result;
}

async function steps(where, list) {
    const results = [];

    for (const what of list) {
        results.push(await run(where, what));
    }

    return results;
}

async function commands(where, file, end) {
    const results = [];
    let over = false, wake;

    fs.closeSync(fs.openSync(file, 'a'));

    const watcher = fs.watch(file, () => wake());
    end.then(() => { over = true; wake(); });

    while (!over) {
        const changed = new Promise((done) => { wake = done; });
        const lines = fs.readFileSync(file, 'utf8').split('\n');

        /* the last one is empty or still being written */

        if (lines.length - 1 > results.length) {
            results.push(await run(where, JSON.parse(lines[results.length])));
        } else {
            await changed;
        }
    }

    watcher.close();
    return results;
}

/* at a page that need not play anything */

async function look(where, options) {
    const results = await steps(where, options.steps);

    if (!options.commands) {
        return results;
    }

    const end = new Promise((done) => process.on('SIGINT', done));

    print('started', {});

    return results.concat(await commands(where, options.commands, end));
}

function spread(list) {
    const s = list.filter((x) => x !== null && x !== undefined)
              .sort((a, b) => a - b);
    const at = (p) => s[Math.min(s.length - 1, Math.floor(s.length * p))];

    return s.length ? { n: s.length, min: s[0], median: at(0.5), p95: at(0.95),
                        max: s[s.length - 1] } : null;
}

async function play(where, options) {
    const { page } = where;
    const samples = [];

    await until(page, `self.liveProbe.video
                       && self.liveProbe.video.currentTime > 0
                       && self.liveProbe.video.readyState > 1
                       && !self.liveProbe.video.paused`, options.start);

    const began = Date.now();
    let over = false;
    const end = new Promise((done) => process.on('SIGINT', done));

    end.then(() => { over = true; });
    print('started', await page.evaluate(() => self.liveProbe.sample()));

    const running = steps(where, options.steps).then(async (results) => (
        options.commands
        ? results.concat(await commands(where, options.commands, end))
        : results));

    while (!over) {
        samples.push(await page.evaluate(
            () => self.liveProbe.video && self.liveProbe.sample()));
        await Promise.race([sleep(options.every / 1000), end]);
        if (options.seconds) {
            over = Date.now() - began >= options.seconds * 1000;
        }
    }

    return { samples: samples.filter(Boolean), results: await running };
}

function summary(samples) {
    const first = samples[0], last = samples[samples.length - 1];

    return {
        seconds: last.t - first.t,
        progress: last.time - first.time,
        decoded: last.decoded - first.decoded,
        dropped: last.dropped - first.dropped,
        latency: spread(samples.map((s) => s.latency)),
        edge: spread(samples.map((s) => s.edge)),
        clock: spread(samples.map((s) => s.clock)),
        buffered: spread(samples.map((s) => s.buffered)),
        target: last.target,
        width: last.width
    };
}

/* the page's own words and figures, where it is the page */

function words() {
    const text = (id) => {
        const e = document.getElementById(id);
        return e && !e.hidden && !e.closest('[hidden]') ? e.textContent.trim()
                                                        : '';
    };
    const figures = {};

    if (!self.live) {
        return null;
    }

    document.querySelectorAll('#figures > div').forEach((d) => {
        figures[d.children[0].textContent] = d.children[1].textContent;
    });

    return {
        state: self.live.player.state, title: document.title,
        message: text('message-title'), detail: text('message-text'),
        name: text('name'), badge: text('badge'), hint: text('hint'),
        tls: text('tls-text'),
        link: text('tls-link') && document.getElementById('tls-link').href,
        stalls: self.live.stalls.count, figures,
        streams: Array.from(document.querySelectorAll('#streams li'),
                            (li) => li.textContent),
        overflow: document.documentElement.scrollWidth
                  > document.documentElement.clientWidth
    };
}


async function main() {
    const url = process.argv[2];
    const options = Object.assign({}, DEFAULTS,
                                  JSON.parse(process.argv[3] || '{}'));
    const args = FLAGS.concat(options.hosts
                              ? ['--host-resolver-rules=' + options.hosts]
                              : []);
    const browser = await playwright().chromium.launch({
        executablePath: chromium(), args, headless: true,
        handleSIGINT: false
    });
    const report = { url, error: null };

    try {
        if (options.warm) {
            await warm(browser, url, options);
        }

        print('warm', {});

        const where = await open(browser, url, options);

        Object.assign(report, { log: where.log });
        try {
            if (options.still) {
                report.results = await look(where, options);
            } else {
                const { samples, results } = await play(where, options);
                report.results = results;
                report.summary = summary(samples);
                report.samples = samples;
            }
        } catch (e) {
            report.error = String(e).split('\n')[0];
        }

        Object.assign(report, await where.page.evaluate(
            () => self.liveProbe && self.liveProbe.end()));
        report.page = await where.page.evaluate(words);
        if (options.shot) {
            await where.page.screenshot({ path: options.shot });
        }
    } catch (e) {
        report.error = report.error || String(e).split('\n')[0];
    } finally {
        await browser.close();
    }

    print('report', report);
}

if (!process.argv[2]) {
    process.stderr.write('usage: node play.js URL [OPTIONS]\n');
    process.exit(2);
}

main().then(() => process.exit(0), (e) => {
    process.stderr.write(String(e && e.stack || e) + '\n');
    process.exit(1);
});
