/*
 * Tips above the list: a chip for each, which stays the longer the more was
 * given, and what the room has got in all.
 */

import { $, text } from './base.js';
import { address } from './room.js';
import { said } from './said.js';
import { clock } from './streams.js';
import { element, hue, money, whole } from './words.js';


const MOST = 12;                     /* chips */
const CURRENCIES = 3;                /* whose totals are shown */
const LEAST = 30;                    /* seconds that a chip stays */
const LONGEST = 900;


export const ticker = {
    totals: {},

    open(totals) {
        this.totals = { ...totals };
        this.show();
    },

    /* those that the list does not have any more */

    async load(name) {
        const url = address(name);
        const run = this.run = {};

        url.searchParams.set('tips', MOST);

        try {
            const answer = await (await fetch(url)).json();

            if (this.run === run) {
                answer.tips.forEach((m) => this.tip(m));
            }
        } catch (e) {
            /* no network: those that come are shown */
        }
    },

    tip(m) {
        const id = m.origin || m.id;

        if ([...$('chat-tips').children].some((c) => c.dataset.id === id)) {
            return;
        }

        const most = Math.min(LONGEST, LEAST
                              * Math.sqrt(Math.max(1, whole(m.amount,
                                                            m.currency))));
        const age = Math.max(0, (clock.now() - m.ts) / 1000);

        if (m.total >= (this.totals[m.currency] || 0)) {
            this.totals[m.currency] = m.total;
        }
        if (age < most) {
            this.chip(m, most, age);
        }
        this.show();
    },

    chip(m, most, age) {
        const chip = element('button', 'chip');
        const name = m.user ? m.user.name : 'Somebody';

        chip.dataset.id = m.origin || m.id;
        chip.dataset.ts = m.ts;
        chip.dataset.user = m.user ? m.user.id : '';
        chip.append(element('span', '', name),
                    element('strong', '', money(m.amount, m.currency)));
        chip.title = m.text || '';
        chip.style.setProperty('--hue', String(hue(name)));
        chip.style.animationDuration = most + 's';
        chip.style.animationDelay = -age + 's';
        chip.addEventListener('click', () => {
            const item = said.find(m.id);

            if (item) {
                item.scrollIntoView({ block: 'nearest' });
            }
        });

        const older = [...$('chat-tips').children]
                      .find((c) => Number(c.dataset.ts) <= m.ts);

        $('chat-tips').insertBefore(chip, older || null);
        while ($('chat-tips').children.length > MOST) {
            $('chat-tips').lastChild.remove();
        }

        setTimeout(() => {
            chip.remove();
            this.show();
        }, (most - age) * 1000);
    },

    remove(which) {
        [...$('chat-tips').children].filter(which)
        .forEach((chip) => chip.remove());
        this.show();
    },

    show() {
        const list = Object.entries(this.totals).filter(([, n]) => n > 0)
            .slice(0, CURRENCIES).map(([c, n]) => money(n, c));

        text($('chat-total'), list.length ? list.join(' + ') + ' in tips' : '');
        $('chat-ticker').hidden = !list.length
                                  && !$('chat-tips').children.length;
    },

    close() {
        this.run = null;
        $('chat-tips').replaceChildren();
        this.open({});
    }
};
