/*
 * The entry that is pinned, above the list.
 */

import { $, text } from './base.js';
import { address } from './room.js';
import { said } from './said.js';
import { explained } from './words.js';


export const pinned = {
    id: '',

    /* set by the chat */

    ask() {},
    fault() {},

    pin(id) {
        const item = id && said.find(id);

        this.id = id;

        if (item) {
            this.show(item.dataset.name || '',
                      item.querySelector('span, strong').textContent);
            return;
        }

        this.show('', '');
        if (id) {
            this.fetch(id);
        }
    },

    gone(id) {
        if (this.id && said.name(id) === said.name(this.id)) {
            this.pin('');
        }
    },

    show(name, words) {
        $('chat-pinned').hidden = !words;
        text($('pinned-name'), name);
        text($('pinned-text'), words);
    },

    /* one that the list does not have any more: ids begin with the time */

    async fetch(id) {
        const ms = parseInt(id, 10);
        const chat = this.room && this.room();

        if (!chat || !ms) {
            return;
        }

        const url = address(chat);

        url.searchParams.set('from', new Date(ms - 1000).toISOString());
        url.searchParams.set('to', new Date(ms + 1000).toISOString());

        try {
            const answer = await (await fetch(url)).json();
            const m = (answer.messages || []).find((e) => e.id === id
                                                          || e.origin === id);

            if (m && this.id === id && m.text) {
                this.show(m.user ? m.user.name : '', m.text);
            }
        } catch (e) {
            /* no network: it is not shown */
        }
    },

    close() { this.pin(''); },

    listen() {
        $('pinned-off').addEventListener('click', () => {
            this.ask({ type: 'moderate', action: 'unpin' },
                     (code) => this.fault(explained(code)));
        });
    }
};
