/*
 * What the chat says in words: errors, times, money, lists of names.
 */

const ERRORS = {
    banned: 'You may not write here any more.',
    muted: 'You may not write for a while.',
    slow_mode: 'Slow mode: wait before you write again.',
    restricted: 'Not everybody may write here now.',
    too_fast: 'That was too fast.',
    duplicate: 'You have just said that.',
    filtered: 'A word in it is not allowed.',
    links: 'Links are not allowed.',
    too_long: 'That is too long.',
    empty: 'There is nothing to be seen in it.',
    read_only: 'Only those who are signed in may write.',
    forbidden: 'You may not do this.',
    no_message: 'That message is not there any more.',
    no_user: 'That user is not there.',
    no_poll: 'That poll is over.',
    poll_open: 'There is an open poll already.',
    bad_option: 'The poll has no such option.',
    voted: 'You have voted already.',
    bad_field: 'Something in it is missing or too long.',
    too_many_kinds: 'There are too many reactions now.',
    room_full: 'The room has no memory left.',
    lost: 'There is no connection.'
};

const RULES = { followers: 'only followers may write',
                subscribers: 'only subscribers may write' };


export function explained(code) {
    return !code ? '' : ERRORS[code] || 'It was refused (' + code + ').';
}

export function rules(slow, restricted) {
    const list = [slow ? 'slow mode: a message every ' + time(slow) : '',
                  RULES[restricted] || ''].filter(Boolean).join(', ');

    return list.charAt(0).toUpperCase() + list.slice(1);
}

export function time(seconds) {
    const s = Math.max(0, Math.round(seconds));

    return s >= 7200 ? Math.round(s / 3600) + ' h'
           : s >= 120 ? Math.round(s / 60) + ' min' : s + ' s';
}

/* as on a clock, for what counts down */

export function left(ms) {
    const s = Math.max(0, Math.ceil(ms / 1000));
    const two = (n) => String(n).padStart(2, '0');

    return s < 3600 ? Math.floor(s / 60) + ':' + two(s % 60)
           : Math.floor(s / 3600) + ':' + two(Math.floor(s / 60) % 60) + ':'
             + two(s % 60);
}

/* the amount is in the smallest unit of the currency */

export function money(amount, currency) {
    try {
        const f = new Intl.NumberFormat(undefined,
                                        { style: 'currency', currency });

        return f.format(amount / smallest(f));
    } catch (e) {
        return amount + ' ' + currency;
    }
}

/* in the currency itself, roughly */

export function whole(amount, currency) {
    try {
        return amount / smallest(new Intl.NumberFormat(undefined,
                                        { style: 'currency', currency }));
    } catch (e) {
        return amount / 100;
    }
}

function smallest(format) {
    return 10 ** format.resolvedOptions().maximumFractionDigits;
}

/* "Ann", "Ann and Bob", "Ann, Bob and 3 more" */

export function names(list) {
    if (list.length < 2) {
        return list.join('');
    }

    return list.length === 2 ? list.join(' and ')
           : list.length === 3 ? list[0] + ', ' + list[1] + ' and ' + list[2]
           : list[0] + ', ' + list[1] + ' and ' + (list.length - 2) + ' more';
}

/* a colour for a name, the same on each page */

export function hue(id) {
    let h = 0;

    for (let i = 0; i < id.length; i++) {
        h = (h * 31 + id.charCodeAt(i)) % 360;
    }

    return h;
}

/* an element of the page: what users said is always its text */

export function element(tag, name, words) {
    const e = document.createElement(tag);

    if (name) {
        e.className = name;
    }
    if (words !== undefined) {
        e.textContent = words;
        e.dir = 'auto';
    }
    if (tag === 'button') {
        e.type = 'button';
    }

    return e;
}
