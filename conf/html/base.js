/*
 * Small helpers of the page, and the address of a stream.
 */

export const $ = (id) => document.getElementById(id);
export const video = $('video');


export function setting(name, otherwise) {
    const meta = document.querySelector(`meta[name="${name}"]`);
    return (meta && meta.content) || otherwise;
}

export function text(element, value) {
    if (element.textContent !== value) {
        element.textContent = value;
    }
}

export function icon(button, name) {
    button.querySelector('use').setAttribute('href', '#i-' + name);
}

export function bits(n) {
    if (!(n > 0)) {
        return '';
    }

    return n >= 1e6 ? (n / 1e6).toFixed(n >= 1e7 ? 1 : 2) + ' Mb/s'
                    : Math.round(n / 1e3) + ' kb/s';
}

export function seconds(n) {
    return n.toFixed(n < 10 ? 1 : 0) + ' s';
}

export function span(n) {
    const s = Math.floor(n), m = Math.floor(s / 60), h = Math.floor(m / 60);

    return h >= 48 ? Math.floor(h / 24) + ' days'
         : h >= 1 ? h + ' h ' + (m % 60) + ' min'
         : m >= 1 ? m + ' min' : s + ' s';
}

export function rate(fps) {
    return fps > 0 ? Number(fps.toFixed(2)) + ' fps' : '';
}

export function count(n, one, many) {
    return n + ' ' + (n === 1 ? one : many);
}

export function local(host) {
    return host === 'localhost' || host.endsWith('.localhost')
           || host === '[::1]' || /^127\./.test(host);
}

export function stored(key, value) {
    try {
        if (value === undefined) {
            return localStorage.getItem(key);
        }
        localStorage.setItem(key, value);
    } catch (e) {
        /* private windows may refuse storage; nothing depends on it */
    }
    return null;
}


/*
 * The address of a stream.  The page's own is /?stream=APP/NAME or
 * /#APP/NAME; whatever other arguments it has (a token, say) go along to
 * the playlist, which carries them on into its own URIs.
 */

export function wanted() {
    const hash = location.hash.slice(1);

    try {
        const name = hash ? decodeURIComponent(hash)
                          : new URLSearchParams(location.search).get('stream');
        return clean(name);
    } catch (e) {
        return null;
    }
}

export function clean(name) {
    const s = (name || '').trim().replace(/^\/+|\/+$/g, '');
    const parts = s.split('/');

    if (parts.length < 2
        || parts.some((p) => p === '' || p === '.' || p === '..'))
    {
        return null;
    }

    return s;
}

export function encoded(name) {
    return name.split('/').map(encodeURIComponent).join('/');
}

export function playlist(name) {
    const url = new URL(setting('live-hls', '/hls/') + encoded(name)
                        + '/index.m3u8', location.href);

    new URLSearchParams(location.search).forEach((value, key) => {
        if (key !== 'stream' && key !== 'player') {
            url.searchParams.append(key, value);
        }
    });

    return url.href;
}


/* seconds of video that can be played on from here */

export function buffered(element) {
    const b = element.buffered;
    const t = element.currentTime;

    for (let i = 0; i < b.length; i++) {
        if (b.start(i) <= t && t <= b.end(i)) {
            return b.end(i) - t;
        }
    }

    return 0;
}
