#!/usr/bin/perl

# Copyright (C) nginx-live authors

# What the page shows of a room: tips, announcements, polls, who comes and goes,
# restrictions, pins; the menus of those who moderate; entries that come again
# under another id; a server that goes away.  Two browsers at two workers.

###############################################################################

use warnings;
use strict;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use JSON::PP;
use Test::NginxLive;
use Test::NginxLive::Browser;
use Test::NginxLive::Chat;
use Test::NginxLive::Token;

###############################################################################

Test::NginxLive->need(qw/ live http_live_chat ngx_http_live_token_module /);
Test::NginxLive->need_program(qw/ openssl /);
Test::NginxLive::Browser->need();

my $dir = Test::NginxLive::temp_dir();
chmod(0755, $dir);
my $keys = Test::NginxLive::Token->new($dir, 'HS256');

my $root = Test::NginxLive::Browser::root();
my $t = Test::NginxLive->new(
    live => 'zone live 64m; token_key ' . $keys->dir . ';
             application live { play any; }',
    http => <<"EOT")->start;
    types {
        text/html        html;
        text/css         css;
        text/javascript  js;
    }

    live_chat_rate   off;

    server {
        listen 127.0.0.1:%%PORT_http%% reuseport;
        location /chat/ { live_chat; live_chat_guests write; }
        location /status { live_status; }
        location /hls/ { return 404; }
        location / { root $root; }
    }
EOT

my $shots = $ENV{NGX_LIVE_SHOTS};
my $server = token('shop', 'server');

my $mod = Test::NginxLive::Browser->new($t->url('/?stream=live/a&token='
    . token('mona', 'moderator')), seconds => 0, still => JSON::PP::true());
my $a = Test::NginxLive::Browser->new($t->url('/?stream=live/a&token='
    . token('vera', 'viewer')), seconds => 0, still => JSON::PP::true(),
    width => 360, height => 740, mobile => JSON::PP::true());

for my $b ($mod, $a) {
    $b->event('started');
    $b->wait_until('live.chat.state === "on" && live.chat.me', 60);
}

# who comes, at both workers

my $c = elsewhere();
my $d = elsewhere($c);
$_->join for $c, $d;

sees($mod, '#chat-list .here', 'joe');

$c->send(type => 'message', text => 'of one worker');
$d->send(type => 'message', text => 'of the other');
for my $b ($mod, $a) {
    sees($b, '#chat-list span', $_) for 'of one worker', 'of the other';
}
$d->close;

# tips

tip(amount => 500, currency => 'EUR', text => 'Great!',
    user => { id => 'joe', name => 'Joe' });
sees($_, '#chat-list li.tip strong', '5.00') for $mod, $a;
sees($a, '.chip', 'Joe');
sees($a, '#chat-total', '5.00');
tip(amount => 300, currency => 'JPY');
sees($a, '#chat-total', '300');
sees($a, '#chat-list li.tip b', 'Somebody');

# an announcement, by the moderator's tools and keys only

$mod->eval('document.querySelector("#chat-room").focus()');
$mod->step('key', 'Enter');
$mod->wait_until('document.activeElement.id === "tool-slow"');
$mod->step('key', 'Tab') for 1 .. 2;
$mod->step('key', 'Enter');
$mod->step('type', '#announce-text', 'We go on at nine.');
$mod->step('key', 'Enter');
sees($a, 'li.announcement span', 'We go on at nine.');

# a poll

$mod->step('click', '#tool-poll');
$mod->step('type', '#ask-question', 'Tea or coffee?');
$mod->step('type', "#ask-options input:nth-child($$_[0])", $$_[1])
    for [ 1, 'Tea' ], [ 2, 'Coffee' ];
shot($mod, 'tools');
$mod->step('click', '#tool-poll-form button[type=submit]');
sees($a, '#poll-question', 'Tea or coffee?');
like($a->eval('document.querySelector("#poll-left").textContent'),
    qr/^(?:1:00|0:\d\d) left$/, 'its time');
$a->step('click', '#poll-options li:nth-child(2) button');
sees($mod, '#poll-options li:nth-child(2) b', '100 %');
sees($a, '#poll-state', 'You have voted');
shot($a, 'poll');

# who comes again finds all of it

$a->step('goto', $t->url('/?stream=live/a&token=' . token('vera', 'viewer')));
sees($a, '#poll-state', 'You have voted');
sees($a, '#chat-total', '300');
sees($a, '.chip', 'Joe');
ok($a->eval('/^\d:\d\d left$/.test(document.querySelector("#poll-left")'
    . '.textContent)'), 'the time that is left');
$mod->step('click', '#poll-end');
sees($_, '#poll-state', 'The poll is over: Coffee') for $mod, $a;

# who may write, and how often

$mod->eval('((s) => { s.value = "followers"; s.dispatchEvent(new Event('
    . '"change")); })(document.querySelector("#tool-restrict"))');
sees($a, '#chat-rules', 'Only followers may write');
$a->step('type', '#chat-text', 'let me in');
$a->step('click', '#chat-send');
sees($a, '#chat-fault', 'Not everybody may write here now.');
is($a->eval('document.querySelector("#chat-text").value'), 'let me in',
    'what was not said is not lost');
$mod->eval('((s) => { s.value = "off"; s.dispatchEvent(new Event('
    . '"change")); })(document.querySelector("#tool-restrict"))');
$a->wait_until('document.querySelector("#chat-rules").textContent === ""');
$a->step('click', '#chat-send');
sees($mod, '#chat-list li span', 'let me in');

# the menu, by keys: a minute's silence, which is undone

$mod->eval('[...document.querySelectorAll("#chat-list li")].find((i) => '
    . '/let me in/.test(i.textContent)).querySelector(".more").focus()');
$mod->step('key', 'Enter');
$mod->wait_until('document.activeElement.role === "menuitem"');
$mod->step('key', 'ArrowDown') for 1 .. 2;
shot($mod, 'menu');
$mod->step('key', 'Enter');
$a->wait_until('/^(?:60|5\d) s$/.test(document.querySelector("#chat-send")'
    . '.textContent)');
sees($a, '#chat-fault', 'You may not write for 60 s');
$mod->step('click', '#chat-list .undo');
$a->wait_until('document.querySelector("#chat-send").textContent === "Send"');
pass('silence, and its end');
is($a->eval('document.querySelector("#chat-fault").textContent'), '',
    'of which nothing is left');

# what comes again under another id is not shown twice, and either names it

my $m = said('once');
sees($a, '#chat-list span', 'once');
my %again = (type => 'message', id => '9000000000000-1', cursor => '',
    origin => $m->{id}, ts => $m->{ts}, user => $m->{user}, text => 'once');
heard($a, { %again, cursor => 'x' });
is(count_of($a, 'once'), 1, 'once');
heard($a, { type => 'deleted', id => '9000000000001-0', cursor => 'x',
    ts => $m->{ts}, message => '9000000000000-1' });
is(count_of($a, 'once'), 0, 'and gone by its new id');

heard($a, { type => 'state', scope => 'node' });
ok(!$a->eval('document.querySelector("#chat-scope").hidden'), 'cut off');
heard($a, { type => 'state', scope => 'cluster' });
ok($a->eval('document.querySelector("#chat-scope").hidden'), 'and not');

# health

heard($mod, { type => 'health', bitrate => 4_500_000, fps => 30, gop => 2000,
    dropped => 0, viewers => 3 });
ok(!$mod->eval('/amber|red/.test(document.querySelector("#chat-health")'
    . '.className)'), 'a healthy stream');
heard($mod, { type => 'health', bitrate => 4_500_000, fps => 30, gop => 12000,
    dropped => 0, viewers => 3 });
sees($mod, '#chat-health.red #health-why', 'key frames are too far apart');

# a worker that goes away: at once, by WebSocket, with all that was said

heard($a, { type => 'typing', on => JSON::PP::true(),
    user => { id => 'joe', name => 'Joe', role => 'viewer' } });
sees($a, '#chat-typing', 'Joe is typing');

$t->reload;
$c = elsewhere();
$c->join;
said('after the reload');
sees($_, '#chat-list span', 'after the reload') for $mod, $a;
is($a->eval('live.chat.room.transport'), 0, 'still by WebSocket');
ok($a->eval('live.chat.room.pause(1012) <= 1500'), 'who restarts is back soon');

# one who was too slow comes back later, unless there is a reason to hurry

$a->eval('live.chat.room.lost(1013), 1');
sees($a, '#chat-state', 'back in a moment');
ok($a->eval('live.chat.room.pause(1013) >= 5000'), 'later');
said('meanwhile');
$a->eval('window.dispatchEvent(new Event("online")), 1');
sees($a, '#chat-list span', 'meanwhile');
is(count_of($a, 'after the reload'), 1, 'nothing twice');

# a long room of odd words: nothing sticks out

fill();
sees($_, '#chat-list span', 'the last one') for $mod, $a;
cmp_ok($a->eval('document.querySelectorAll("#chat-list li").length'), '<=',
    300, 'the list is bounded');
$c->ask(type => 'moderate', action => 'pin',
    target => said('pinned words ' x 20)->{id});
sees($a, '#pinned-text', 'pinned words');
shot($_->[0], $_->[1]) for [ $mod, 'full' ], [ $a, 'full-phone' ];

# a ban, and one who is refused: not again

$c->ask(type => 'moderate', action => 'ban', target => 'vera',
    reason => 'spam');
sees($a, '#chat-fault', 'You were banned: spam');
sees($a, '#chat-send', 'Banned');
sees($mod, '#chat-list .told', 'vera was banned by joe');
$a->eval('live.chat.room.lost(1008), 1');
sees($a, '#chat-state', 'You may not take part here.');
shot($a, 'banned');

ok(!$_->{page}{overflow}, 'nothing sticks out')
    for my @r = map { $_->finish } $mod, $a;
is_deeply([ map { @{$_->{log}{errors}} } @r ], [], 'no errors');

done_testing();

###############################################################################

sub token {
    my ($who, $role) = @_;
    return $keys->token('HS256', sub => $who,
        stream => 'live/*', role => $role);
}


# A client at a worker other than that of the last one.

sub elsewhere {
    my ($last) = @_;

    for (1 .. 50) {
        my $c = Test::NginxLive::Chat->new($t, '/chat/live/a?token='
            . token('joe', 'moderator'));
        return $c if !$last || worker($c) != worker($last);
        $c->close;
    }

    die "all go to one worker\n";
}


sub worker { $t->worker_of_port($_[0]{ws}{http}->sock->sockport) }


sub said {
    my ($text) = @_;
    $c->send(type => 'message', text => $text);
    $text =~ s/ $//;
    return $c->wait('message', sub { $_[0]{text} eq $text });
}


sub tip {
    my (%what) = @_;
    my $r = $t->get("/chat/live/a?token=$server", method => 'POST',
        body => JSON::PP->new->utf8->encode({ type => 'tip', %what }));
    die "tip: $r->{status}\n" if $r->{status} != 200;
}


sub sees {
    my ($b, $selector, $words) = @_;
    $b->wait_until('[...document.querySelectorAll(' . js($selector) . ')]'
        . '.some((e) => !e.closest("[hidden]") && e.textContent.includes('
        . js($words) . '))');
    pass("$words in $selector");
}


sub heard {
    my ($b, $m) = @_;
    $b->eval('live.chat.heard(' . js($m) . '), 1');
}


sub count_of {
    my ($b, $words) = @_;
    return $b->eval('[...document.querySelectorAll("#chat-list span")]'
        . '.filter((s) => s.textContent === ' . js($words) . ').length');
}


sub shot {
    my ($b, $name) = @_;
    $b->step('shot', "$shots/room-$name.png") if $shots;
}


sub js { JSON::PP->new->allow_nonref->ascii->encode($_[0]) }


sub fill {
    my @odd = ('a' x 200, 'https://example.com/' . 'path/' x 30,
        "\x{5e9}\x{5dc}\x{5d5}\x{5dd} \x{5dc}\x{5db}\x{5d5}\x{5dc}\x{5dd} 123",
        "\x{1f600}\x{1f389}\x{2764}" x 12, "two\nlines", 'ok');

    for my $i (1 .. 310) {
        $c->send(type => 'message', text => "$odd[$i % @odd] $i");
    }
    said('the last one');
    tip(amount => 10 ** $_, currency => $_ % 2 ? 'EUR' : 'USD', text =>
        "\x{645}\x{631}\x{62d}\x{628}\x{627} thanks " . 'w' x 60,
        user => { id => "u$_", name => 'Maximiliane von Hohenlohe ' . $_ })
        for 2 .. 6;
    $c->send(type => 'poll', question => 'A question ' . 'q' x 90 . '?',
        options => [ 'Yes', 'o' x 70, "\x{5db}\x{5df}", 'maybe' ]);
    $c->wait('poll');
}

###############################################################################
