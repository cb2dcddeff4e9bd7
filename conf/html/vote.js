/*
 * The card of a poll: its options, which are buttons until one has voted, the
 * votes, the time that is left, and the result.
 */

import { $, count, text } from './base.js';
import { said } from './said.js';
import { element, explained, left } from './words.js';


const RESULT = 60000;                /* ms that a result stays */


export const vote = {
    poll: null,

    /* ask(command, done) sends; set by the chat */

    ask() {},

    /* as the welcome has it; nothing: no poll is open */

    open(open, writes, moderates) {
        this.writes = writes;
        this.moderates = moderates;

        if (open) {
            this.begin(open.entry, open.votes, open.left, open.voted);
        } else if (this.poll && !this.poll.over) {
            this.close();
        }
    },

    begin(m, votes, ms, voted) {
        this.close();
        this.poll = {
            id: said.learn(m), target: m.id, question: m.question, options: m.options,
            votes: votes || m.options.map(() => 0), voted,
            end: ms > 0 ? performance.now() + ms : 0
        };
        this.draw();
        this.tick();

        /* the page itself stays where it is */

        const card = $('chat-poll');
        card.parentNode.scrollTop = card.offsetTop - card.parentNode.offsetTop;
    },

    heard(m) {
        if (m.type === 'poll') {
            this.begin(m, null, (m.seconds || 0) * 1000);

        } else if (this.poll && said.name(m.poll) === this.poll.id) {
            this.poll.votes = m.votes;
            if (m.type === 'poll_end') {
                this.end();
            }
            this.show();
        }
    },

    end() {
        this.poll.over = true;
        this.poll.end = 0;
        clearTimeout(this.timer);
        this.timer = setTimeout(() => this.close(), RESULT);
    },

    close() {
        clearTimeout(this.timer);
        this.poll = null;
        $('chat-poll').hidden = true;
        $('poll-options').replaceChildren();
        text($('poll-state'), '');
        text($('poll-fault'), '');
    },

    draw() {
        const p = this.poll;

        text($('poll-question'), p.question);
        $('poll-options').replaceChildren(...p.options.map((words, i) => {
            const item = element('li');
            const button = element('button');

            button.append(element('i'), element('span', '', words),
                          element('b'));
            button.addEventListener('click', () => this.choose(i));
            item.append(button);
            return item;
        }));
        $('chat-poll').hidden = false;
        this.show();
    },

    show() {
        const p = this.poll;
        const sum = p.votes.reduce((a, b) => a + b, 0);
        const most = Math.max(...p.votes);
        const fixed = p.over || p.voted !== undefined || !this.writes;

        [...$('poll-options').children].forEach((item, i) => {
            const [bar, , n] = item.firstChild.children;
            const part = sum ? Math.round(100 * p.votes[i] / sum) : 0;

            bar.style.width = part + '%';
            text(n, part + ' %');
            n.title = count(p.votes[i], 'vote', 'votes');
            item.firstChild.setAttribute('aria-disabled', String(fixed));
            item.firstChild.setAttribute('aria-pressed',
                                         String(p.voted === i));
            item.classList.toggle('best', Boolean(p.over) && sum > 0
                                          && p.votes[i] === most);
        });

        text($('poll-sum'), count(sum, 'vote', 'votes'));
        text($('poll-state'), p.over ? 'The poll is over: ' + this.result()
                              : p.voted !== undefined ? 'You have voted' : '');
        $('poll-end').hidden = Boolean(p.over) || !this.moderates;
        $('poll-close').hidden = !p.over;
        text($('poll-left'), '');
        this.countdown();
    },

    result() {
        const p = this.poll;
        const most = Math.max(...p.votes);
        const best = p.options.filter((o, i) => p.votes[i] === most);

        return !most ? 'nobody has voted'
               : best.length > 1 ? 'a tie' : best[0];
    },

    countdown() {
        const p = this.poll;

        text($('poll-left'), p && p.end
             ? left(p.end - performance.now()) + ' left' : '');
    },

    tick() {
        clearTimeout(this.timer);
        this.countdown();
        if (this.poll && this.poll.end) {
            this.timer = setTimeout(() => this.tick(), 500);
        }
    },

    choose(option) {
        const p = this.poll;

        if (p.over || p.voted !== undefined || !this.writes) {
            return;
        }

        text($('poll-fault'), '');
        p.voted = option;
        this.show();
        this.ask({ type: 'vote', option, poll: p.target }, (code) => {
            if (code && this.poll === p) {
                if (code !== 'voted') {
                    p.voted = undefined;
                    this.show();
                }
                text($('poll-fault'), explained(code));
            }
        });
    },

    listen() {
        $('poll-end').addEventListener('click', () => {
            this.ask({ type: 'poll_end', poll: this.poll.target },
                     (code) => text($('poll-fault'), explained(code)));
        });
        $('poll-close').addEventListener('click', () => {
            this.close();
            $('chat-text').focus();
        });
    }
};
