#!/usr/bin/perl

# Copyright (C) nginx-live authors

# What was said from one moment to another, by dates and by the time of the
# media, for those who are behind live.

###############################################################################

use warnings;
use strict;

use Test::More;

use JSON::PP qw/ decode_json /;
use POSIX qw/ strftime /;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::NginxLive;
use Test::NginxLive::Chat;
use Test::NginxLive::Schema;
use Test::NginxLive::Token;

###############################################################################

Test::NginxLive->need(qw/ live stream_live_rtmp http_live_chat
    ngx_http_live_token_module /);
Test::NginxLive->need_program(qw/ ffmpeg openssl /);

my $dir = Test::NginxLive::temp_dir();
chmod(0755, $dir);
my $keys = Test::NginxLive::Token->new($dir, 'HS256');
my $schema = Test::NginxLive::Schema->new("$Test::NginxLive::TOP/docs/"
    . 'chat-protocol.schema.json');

my $t = Test::NginxLive->new(
    live => 'zone live 64m; token_key ' . $keys->dir . '; publish any;
             application live { reconnect 20s; }
             application short { chat_history 2; }
             application closed { play token; }',
    stream => 'server { listen 127.0.0.1:%%PORT_rtmp%%; live_rtmp; }',
    http => 'live_chat_rate off; live_chat_guests write; live_chat_flush 10ms;
             server { listen 127.0.0.1:%%PORT_http%% reuseport;
             location /status { live_status; }
             location /chat/ { live_chat; } }'
)->start;

my $pub = publish($t->rtmp('live/a'), fps => 25, gop => 25);
wait_for(sub { ($t->json('/status')->{streams}[0]{tracks}[0]{time} // 0) > 0.5 },
    20, 'frames');

# of which something will be forgotten by and by

my $s = Test::NginxLive::Chat->new($t, '/chat/short/a');
$s->join;
my @s = map { said($s, "s$_") } 1 .. 3;
ok(range('short/a', from => date($s[0]{ts}))->{whole}, 'young, so all there');

my $c = Test::NginxLive::Chat->new($t, '/chat/live/a?token='
    . $keys->token('HS256', sub => 'mona', stream => 'live/*',
                   role => 'moderator'));
$c->join;

my @m = map { said($c, "m$_") } 1 .. 6;

# by dates

my $r = range('live/a', from => date($m[1]{ts}), to => date($m[4]{ts}));
is_deeply($r->{messages}, [ @m[1 .. 3] ], 'from the one up to the other');
ok($r->{whole}, 'all of it');
ok(!exists $r->{next}, 'no more');

$r = range('live/a', to => date($m[2]{ts}));
is_deeply([ texts($r) ], [qw/ m1 m2 /], 'from the beginning');

$r = range('live/a', from => date($m[4]{ts}));
is_deeply([ texts($r) ], [qw/ m5 m6 /], 'up to now');

$r = range('live/a', from => date($m[5]{ts} + 1));
is_deeply($r, { whole => JSON::PP::true, messages => [] }, 'nothing yet');

# in pieces

my ($from, @all) = (date($m[0]{ts}));

for (1 .. 6) {
    $r = range('live/a', from => $from, limit => 4,
               to => date($m[5]{ts} + 1));
    push @all, texts($r);
    last unless defined($from = $r->{next});
}

is_deeply(\@all, [ map { "m$_" } 1 .. 6 ], 'piece by piece');

# by the time of the media

$r = range('live/a', from => $m[1]{time}, to => $m[4]{time});
is_deeply([ texts($r) ],
    [ map { $_->{text} } grep { $_->{time} >= $m[1]{time}
                                && $_->{time} < $m[4]{time} } @m ],
    'of the media');

$r = range('live/a', from => 0, limit => 1);
like($r->{next}, qr/^\d+$/, 'goes on by the time of the media');

# what is deleted is not told, what moderators did is

$c->send(type => 'moderate', action => 'delete', target => $m[2]{id});
my $deed = $c->wait('deleted');
$r = range('live/a', from => date($m[1]{ts}));
is_deeply([ map { $_->{text} // $_->{type} } @{$r->{messages}} ],
    [qw/ m2 m4 m5 m6 deleted /], 'without what was deleted');

# by WebSocket

$c->send(type => 'history', from => date($m[3]{ts}), limit => 2);
my $h = $c->wait('history');
is_deeply([ texts($h) ], [qw/ m4 m5 /], 'the same by WebSocket');
is($h->{next}, date($m[5]{ts}), 'and how to go on');
$c->send(type => 'history', from => "$m[1]{time}", to => "$m[1]{time}");
is_deeply($c->wait('history')->{messages}, [], 'of the media');
$c->send(type => 'history', from => '5', to => date($m[5]{ts}));
is($c->wait('error')->{code}, 'bad_field', 'not of both');

# after a reload, of both workers; the stream's time goes on

$t->reload;
my $d = Test::NginxLive::Chat->new($t, '/chat/live/a');
$d->join;
my $late = said($d, 'm7');
cmp_ok($late->{time}, '>=', $m[5]{time}, 'time goes on');
is_deeply([ texts(range('live/a', from => $late->{time})) ], [ 'm7' ],
    'after a reload') for 1 .. 4;

# caches

$r = $t->get('/chat/live/a?from=' . date($m[0]{ts} - 60000) . '&to='
    . date($m[0]{ts} - 30000));
is($r->{headers}{'cache-control'}, 'max-age=10', 'the past may be kept');
$r = $t->get('/chat/live/a?from=' . date($m[0]{ts}));
is($r->{headers}{'cache-control'}, 'max-age=1', 'the present, for a moment');

# what the room has forgotten

my $n = 3;
wait_for(sub { time() - $s[0]{ts} / 1000 > 11 }, 20, 'entries of an age');
wait_for(sub { said($s, 's' . ++$n); return !range('short/a',
    from => date($s[0]{ts}))->{whole} }, 25, 'something to be forgotten');
$r = range('short/a', from => date(1000 * time()));
ok($r->{whole}, 'what is later is whole');

# no room, and bad arguments

is_deeply(range('live/none', from => 0),
    { whole => JSON::PP::false, messages => [] }, 'a room without a log');

for my $bad ('from=x', 'from=5&to=4', 'from=5&to=2023-11-14T22:13:20Z',
             'from=2023-11-14', 'from=0&limit=0', 'to=')
{
    is($t->get("/chat/live/a?$bad")->{status}, 400, $bad);
}

like($t->get('/chat/closed/a?from=0')->{status}, qr/^40[13]$/,
    'not for everybody');

$_->close for $c, $d, $s;

done_testing();

###############################################################################


sub said {
    my ($c, $text) = @_;

    $c->send(type => 'message', text => $text);
    my $m = $c->wait('message', sub { $_[0]{text} eq $text });

    # the next one is said at another moment

    wait_for(sub { Time::HiRes::time() * 1000 > $m->{ts} + 1 }, 5, 'later');

    return $m;
}


sub date {
    my ($ms) = @_;
    return strftime('%Y-%m-%dT%H:%M:%S', gmtime(int($ms / 1000)))
           . sprintf('.%03dZ', $ms % 1000);
}


sub range {
    my ($room, %args) = @_;

    my $r = $t->get("/chat/$room?" . join('&', map { "$_=$args{$_}" }
                                               sort keys %args));
    die "$r->{status} $r->{body}\n" if $r->{status} != 200;

    my $json = decode_json($r->{body});
    is($schema->fault($json, 'range'), undef, 'as the schema says')
        if $schema->fault($json, 'range');

    return $json;
}


sub texts { map { $_->{text} } @{$_[0]{messages}} }

###############################################################################
