/*
 * The list of what was said.  An entry is known by its origin or, without one,
 * its id, and is shown once, whatever other ids it gets.
 */

import { $, text } from './base.js';
import { element, hue, money, names } from './words.js';


const MOST = 300;                    /* entries that the page keeps */
const KNOWN = 2000;                  /* identities that it remembers */
const NEAR = 60;                     /* pixels above the end that count as it */
const MERGE = 60000;                 /* ms: who comes and goes, in one line */

const ROLES = { moderator: 'Mod', creator: 'Host', publisher: 'Host',
                admin: 'Admin' };


export const said = {
    known: new Set(),
    alias: new Map(),                /* of an id: the identity */
    me: null,
    menu: null,                      /* set by who has menus for entries */
    here: null,                      /* the last line of who came and went */

    name(id) { return this.alias.get(id) || id; },

    /* whether the entry was shown before; from now on it was */

    again(m) {
        const name = this.learn(m);
        const was = this.known.has(name);
        const item = was && this.find(name);

        if (item) {
            item.dataset.target = m.id;
        }

        this.known.add(name);
        bound(this.known);

        return was;
    },

    learn(m) {
        if (m.origin && m.origin !== m.id) {
            this.alias.set(m.id, m.origin);
            bound(this.alias);
        }

        return m.origin || m.id;
    },

    find(id) {
        const name = this.name(id);

        return [...$('chat-list').children].find((i) => i.dataset.id === name);
    },

    entry(m, kind) {
        const item = element('li', kind);

        item.dataset.id = m.origin || m.id;
        item.dataset.target = m.id;      /* what commands call it */
        item.title = new Date(m.ts).toLocaleTimeString();

        return item;
    },

    /* the name of a user, and what he is */

    who(item, user) {
        const name = element('b', '', user.name);

        item.dataset.user = user.id;
        item.dataset.name = user.name;
        name.style.setProperty('--hue', String(hue(user.id)));
        item.append(name);

        if (ROLES[user.role]) {
            item.append(element('em', '', ROLES[user.role]));
        }
    },

    message(m) {
        const item = this.entry(m, '');

        item.classList.toggle('mine', Boolean(this.me)
                                      && m.user.id === this.me.id);
        this.who(item, m.user);
        item.append(element('span', '', m.text));
        this.add(item, m);
    },

    tip(m) {
        const item = this.entry(m, 'tip');

        if (m.user) {
            this.who(item, m.user);
        } else {
            item.append(element('b', '', 'Somebody'));
        }

        item.append(element('strong', '', money(m.amount, m.currency)));

        if (m.text) {
            item.append(element('span', '', m.text));
        }

        this.add(item, m);
    },

    announcement(m) {
        const item = this.entry(m, 'announcement');

        item.append(element('em', '', 'Announcement'));
        item.append(element('span', '', m.text));
        if (m.by) {
            item.append(element('small', '', m.by.name));
        }
        this.add(item, m);
    },

    /* a quiet line; undo, if there is one, is [words, function] */

    note(words, undo) {
        const item = element('li', 'told', words);

        if (undo) {
            const button = element('button', 'undo', undo[0]);

            button.addEventListener('click', () => {
                button.remove();
                undo[1]();
            });
            item.append(' ', button);
        }

        this.add(item);
    },

    /* who came and went, merged while nothing else is said */

    people(joined, left) {
        const now = Date.now();
        let h = this.here;

        if (!h || $('chat-list').lastChild !== h.item || now - h.at > MERGE) {
            h = { item: element('li', 'told here', ''), at: now,
                  joined: new Map(), left: new Map() };
        }

        joined.forEach((u) => h.left.delete(u.id) || h.joined.set(u.id, u.name));
        left.forEach((u) => h.joined.delete(u.id) || h.left.set(u.id, u.name));

        const line = [[h.joined, ' joined'], [h.left, ' left']]
            .filter(([m]) => m.size)
            .map(([m, did]) => names([...m.values()]) + did).join(', ');

        text(h.item, line);

        if (!line) {
            h.item.remove();
            this.here = null;
        } else if (!h.item.isConnected) {
            this.add(h.item);
            this.here = h;
        }
    },

    add(item, m) {
        const list = $('chat-list');
        const end = list.scrollHeight - list.scrollTop - list.clientHeight
                    < NEAR;

        if (m && this.menu) {
            this.menu(item, m);
        }

        list.append(item);

        while (list.children.length > MOST) {
            list.firstChild.remove();
        }

        if (end) {
            list.scrollTop = list.scrollHeight;
        } else if (!item.classList.contains('here')) {
            $('chat-new').hidden = false;
        }
    },

    /* a menu, if it may be with what it belongs to; the page does not move */

    reveal(menu) {
        const list = $('chat-list');
        const box = list.getBoundingClientRect();
        const above = menu.parentNode.getBoundingClientRect().top - box.top;
        const below = menu.getBoundingClientRect().bottom - box.bottom;

        if (below > 0) {
            list.scrollTop += below + 4;
        } else if (above < 0) {
            list.scrollTop += above - 4;
        }
    },

    /* many at once are not read out one by one */

    many(what) {
        const list = $('chat-list');

        list.setAttribute('aria-live', 'off');
        what();
        requestAnimationFrame(() => list.removeAttribute('aria-live'));
    },

    remove(which) {
        const list = $('chat-list');
        const lost = [...list.children].filter(which);

        if (lost.some((item) => item.contains(document.activeElement))) {
            list.focus({ preventScroll: true });
        }
        lost.forEach((item) => item.remove());
    },

    nameOf(user) {
        const item = [...$('chat-list').children]
                     .find((i) => i.dataset.user === user);

        return item ? item.dataset.name : user;
    },

    empty() {
        $('chat-list').replaceChildren();
        $('chat-new').hidden = true;
        this.here = null;
    },

    /* all that is known: another room, or one that began anew */

    forget() {
        this.known.clear();
        this.alias.clear();
        this.empty();
    },

    listen() {
        const list = $('chat-list');
        const end = () => { list.scrollTop = list.scrollHeight; };
        let width = list.clientWidth;

        $('chat-new').addEventListener('click', () => {
            end();
            list.focus({ preventScroll: true });
        });
        list.addEventListener('scroll', () => {
            this.atEnd = list.scrollHeight - list.scrollTop
                         - list.clientHeight < NEAR;
            if (this.atEnd) {
                $('chat-new').hidden = true;
            }
        });

        /* a keyboard that opens, a panel, a phone that is turned */

        new ResizeObserver(() => {
            const menu = list.querySelector('menu');

            if (menu) {
                this.reveal(menu);
            } else if (this.atEnd !== false || list.clientWidth !== width) {
                end();
            }
            width = list.clientWidth;
        }).observe(list);
    }
};


function bound(known) {
    if (known.size > KNOWN) {
        known.delete(known.keys().next().value);
    }
}
