/*
 * What those who moderate do: a menu at each entry, and the tools of the room.
 */

import { $, text } from './base.js';
import { said } from './said.js';
import { element, explained } from './words.js';


const OPTIONS = 10;                  /* of a poll, at most */


export const moderate = {
    on: false,

    /* ask(command, done) sends; fault(words) tells; set by the chat */

    ask() {},
    fault() {},

    welcome(m) {
        this.on = Boolean(m.moderates);
        $('chat').classList.toggle('moderates', this.on);
        $('chat-room').hidden = !this.on;
        said.menu = this.on ? (item, e) => this.button(item, e) : null;
        if (!this.on) {
            this.tools(false);
        }
    },

    close() {
        this.on = false;
        said.menu = null;
        $('chat-room').hidden = true;
        this.tools(false);
    },

    room(room) {
        this.slow(room.slow || 0);
        this.restrict(room.restricted || 'off');
    },

    slow(seconds) { choice($('tool-slow'), String(seconds)); },
    restrict(value) { choice($('tool-restrict'), value); },

    act(action, more, done) {
        this.ask({ type: 'moderate', action, ...more }, (code) => {
            this.fault(explained(code));
            if (done) {
                done(code);
            }
        });
    },

    /* the menu of an entry */

    button(item, m) {
        const more = element('button', 'more', '⋯');
        const user = m.type === 'announcement' ? null : m.user;

        more.setAttribute('aria-label', 'Moderate '
                          + (user ? user.name : 'this'));
        more.setAttribute('aria-haspopup', 'menu');
        more.setAttribute('aria-expanded', 'false');
        more.addEventListener('click', () => this.menu(item, more, user));
        item.append(more);
    },

    menu(item, more, user) {
        const open = $('chat-list').querySelector('menu');
        const list = document.createElement('menu');

        if (open) {
            shut(open);
            if (open.dataset.of === item.dataset.id) {
                return;
            }
        }

        list.dataset.of = item.dataset.id;
        list.setAttribute('role', 'menu');
        list.setAttribute('aria-label', more.getAttribute('aria-label'));

        deeds(item.dataset, user).forEach(([words, action, what]) => {
            const button = element('button', '', words);

            button.setAttribute('role', 'menuitem');
            button.tabIndex = -1;
            button.addEventListener('click', () => {
                shut(list);
                more.focus({ preventScroll: true });
                this.act(action, what);
            });
            list.append(button);
        });

        list.addEventListener('keydown', (e) => keys(e, list, more));
        list.addEventListener('focusout', (e) => {
            if (e.relatedTarget && !item.contains(e.relatedTarget)) {
                shut(list);
            }
        });
        more.setAttribute('aria-expanded', 'true');
        item.append(list);
        said.reveal(list);
        list.firstChild.focus();
    },

    /* the tools of the room */

    tools(on) {
        $('chat-tools').hidden = !on;
        $('chat-room').setAttribute('aria-expanded', String(on));
        this.panel('');
        if (on) {
            $('tool-slow').focus();
        }
    },

    panel(name) {
        ['announce', 'poll'].forEach((n) => {
            $('tool-' + n + '-form').hidden = n !== name;
            $('tool-' + n).setAttribute('aria-expanded', String(n === name));
        });
        this.sure(false);
    },

    sure(on) {
        clearTimeout(this.timer);
        this.isSure = on;
        text($('tool-clear'), on ? 'Really clear?' : 'Clear');
        if (on) {
            this.timer = setTimeout(() => this.sure(false), 5000);
        }
    },

    clear() {
        if (this.isSure) {
            this.act('clear', {});
        }
        this.sure(!this.isSure);
    },

    announce(event) {
        event.preventDefault();
        this.ask({ type: 'announcement', text: $('announce-text').value },
                 (code) => this.done(code, 'announce', event.target));
    },

    poll(event) {
        const seconds = Number($('ask-seconds').value);
        const options = [...$('ask-options').children]
                        .map((input) => input.value.trim()).filter(Boolean);

        event.preventDefault();

        if (options.length < 2) {
            this.fault('A poll has at least two options.');
            return;
        }

        this.ask({ type: 'poll', question: $('ask-question').value, options,
                   ...seconds ? { seconds } : {} },
                 (code) => this.done(code, 'poll', event.target));
    },

    done(code, name, form) {
        this.fault(explained(code));
        if (!code) {
            form.reset();
            this.options(2);
            this.panel('');
            $('tool-' + name).focus();
        }
    },

    options(n) {
        const list = $('ask-options');

        while (list.children.length > n) {
            list.lastChild.remove();
        }

        while (list.children.length < n) {
            const input = element('input');

            input.maxLength = 80;
            input.placeholder = 'Option ' + (list.children.length + 1);
            input.setAttribute('aria-label', input.placeholder);
            list.append(input);
        }

        $('ask-more').hidden = n >= OPTIONS;
    },

    listen() {
        const on = (id, what, f) => $(id).addEventListener(what, f);

        on('chat-room', 'click', () => this.tools($('chat-tools').hidden));
        on('chat-tools', 'keydown', (e) => {
            if (e.key === 'Escape') {
                this.tools(false);
                $('chat-room').focus();
            }
        });
        on('tool-slow', 'change', (e) => {
            this.act('slow', { seconds: Number(e.target.value) });
        });
        on('tool-restrict', 'change', (e) => {
            this.act('restrict', { value: e.target.value });
        });
        ['announce', 'poll'].forEach((name) => {
            on('tool-' + name, 'click', () => {
                const form = $('tool-' + name + '-form');

                this.panel(form.hidden ? name : '');
                if (!form.hidden) {
                    form.querySelector('input').focus();
                }
            });
        });
        on('tool-clear', 'click', () => this.clear());
        on('tool-announce-form', 'submit', (e) => this.announce(e));
        on('tool-poll-form', 'submit', (e) => this.poll(e));
        on('ask-more', 'click', () => {
            this.options($('ask-options').children.length + 1);
            $('ask-options').lastChild.focus();
        });
        this.options(2);
    }
};


/* what can be done to an entry and to who has said it */

function deeds(entry, user) {
    const target = user && user.id !== 'guest' && user.id;
    const list = [['Delete', 'delete', { target: entry.target }],
                  ['Pin', 'pin', { target: entry.target }]];

    return !target ? list : list.concat([
        ['Silence 1 min', 'timeout', { target, seconds: 60 }],
        ['Silence 10 min', 'timeout', { target, seconds: 600 }],
        ['Silence 1 h', 'timeout', { target, seconds: 3600 }],
        ['Remove all posts', 'purge', { target }],
        ['Shadow ban', 'shadow', { target }],
        ['Ban', 'ban', { target }],
        ['Lift ban, silence', 'unban', { target }]
    ]);
}

function shut(list) {
    const more = list.parentNode
                 && list.parentNode.querySelector('[aria-haspopup]');

    if (more) {
        more.setAttribute('aria-expanded', 'false');
    }
    list.remove();
}

function keys(event, list, more) {
    const all = [...list.children];
    const at = all.indexOf(document.activeElement);
    const to = { ArrowDown: at + 1, ArrowRight: at + 1, ArrowUp: at - 1,
                 ArrowLeft: at - 1, Home: 0, End: all.length - 1 };

    event.stopPropagation();             /* the player has keys, too */

    if (event.key === 'Escape' || event.key === 'Tab') {
        shut(list);
        more.focus({ preventScroll: true });
        event.preventDefault();

    } else if (event.key in to) {
        all[(to[event.key] + all.length) % all.length].focus();
        event.preventDefault();
    }
}

/* a setting of the room that the list does not have is put into it */

function choice(select, value) {
    if (![...select.options].some((o) => o.value === value)) {
        const o = element('option', '', value + ' s');

        o.value = value;
        select.append(o);
    }
    select.value = value;
}
