#!/usr/bin/perl

# Copyright (C) nginx-live authors

# Clients that break the protocol: a line in the log with the reason, the
# connection closed, no worker lost, and a publisher and its player untouched.

###############################################################################

use warnings;
use strict;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::NginxLive;
use Test::NginxLive::RTMP qw/ amf str avc_config avc_frame aac_config
    aac_frame /;

###############################################################################

Test::NginxLive->need(qw/ live live_rtmp /);

my $t = Test::NginxLive->new(
    live => 'zone live 32m; application live { publish any; play any; }',
    stream => 'server { listen 127.0.0.1:%%PORT_rtmp%%; live_rtmp; }
               server { listen 127.0.0.1:%%PORT_brief%%; live_rtmp;
                        live_rtmp_handshake_timeout 1s;
                        live_rtmp_timeout 1s; }'
)->start;

my @workers = $t->workers;
my $time = 0;

my $pub = client();
$pub->publish('live', 'good');
$pub->video(0, avc_config());
$pub->audio(0, aac_config());
frame();

# handshakes

my $c;

raw('GET / HTTP/1.1', "GET / HTTP/1.1\r\n\r\n", 'unsupported version');
raw('RTMPE', "\x06" . 'x' x 1536, 'unsupported version');
raw('zeros', "\0" x 4096, 'unsupported version');

my $mark = $t->log_mark;
$c = client('brief');
$c->write("\x03" . 'x' x 100);
ok($c->closed, 'half a handshake is closed');
like($t->wait_log(qr/timed out/, 5, $mark), qr/reading RTMP handshake/,
    'after the timeout');

$mark = $t->log_mark;
$c = client('brief');
ok($c->closed, 'a silent client is closed');
ok($t->wait_log(qr/timed out.*reading RTMP handshake/, 5, $mark), 'log');

$mark = $t->log_mark;
$c = client('brief');
$c->write("\x03" . $c->c1);
is(length $c->read(3073), 3073, 'a client without C2 is answered');
ok($c->closed, 'and closed');
ok($t->wait_log(qr/timed out.*reading RTMP handshake/, 5, $mark), 'log');

$mark = $t->log_mark;
$c = client('brief');
$c->handshake;
ok($c->closed, 'a client without a command is closed');
ok($t->wait_log(qr/timed out.*waiting for RTMP connect/, 5, $mark), 'log');

# digest handshakes are answered as such

for my $base (8, 772) {
    require Digest::SHA;
    $c = client();
    my ($c1, $s1, $s2) = $c->handshake(digest => $base);

    my $sum = 0;
    $sum += ord(substr($c1, $base + $_, 1)) for 0 .. 3;
    my $digest = substr($c1, $base + 4 + $sum % 728, 32);

    my $tail = pack('H*', 'f0eec24a8068bee82e00d0d1029e7e57'
        . '6eec5d2d29806fab93b8e636cfeb31ae');
    my $key = Digest::SHA::hmac_sha256($digest,
        "Genuine Adobe Flash Media Server 001$tail");

    is(unpack('H*', substr($s2, -32)), Digest::SHA::hmac_sha256_hex(
        substr($s2, 0, -32), $key), "digest handshake at $base");
    ok($c->connect_app('live'), 'and goes on');
}

# chunks

after_handshake('a chunk without a header',
    sub { $_[0]->write("\xc5abc") }, 'chunk without a header');
after_handshake('a message of 16 MB',
    sub { $_[0]->message(type => 'command', len => 0xffffff) },
    'too long message');
after_handshake('chunk size 0', sub { $_[0]->set_chunk_size(0) || 1 },
    'invalid chunk size');
after_handshake('negative chunk size', sub {
    $_[0]->message(csid => 2, type => 'chunk_size', body => "\xff\xff\xff\xff")
}, 'invalid chunk size');
after_handshake('a truncated chunk size', sub {
    $_[0]->message(csid => 2, type => 'chunk_size', body => "\0\0")
}, 'too short control message');
after_handshake('too many chunk streams', sub {
    my ($c) = @_;
    $c->message(csid => $_, type => 'ack', body => "\0\0\0\0") for 3 .. 70;
}, 'too many chunk streams');
after_handshake('a message within a message', sub {
    my ($c) = @_;
    $c->write(substr($c->chunks(csid => 5, type => 'command',
        body => 'x' x 300), 0, 140));
    $c->message(csid => 5, type => 'command', body => 'x' x 300);
}, 'new message within a message');
after_handshake('many unfinished messages', sub {
    my ($c) = @_;
    $c->set_chunk_size(30000);
    $c->message(csid => $_, type => 'command', len => 65536,
        body => 'x' x 30000) for 3 .. 10;
}, 'too much in unfinished messages');

# commands

after_handshake('an empty command',
    sub { $_[0]->message(type => 'command', body => '') }, '.');
after_handshake('a command that is no string',
    sub { $_[0]->message(type => 'command', body => amf(1)) },
    'command without a name');
after_handshake('garbage as command',
    sub { $_[0]->message(type => 'command', body => "\x0d\xff\xff") }, '.');
after_handshake('createStream before connect',
    sub { $_[0]->command(0, 'createStream', 1, undef) },
    'command before "connect"');
after_handshake('publish before connect',
    sub { $_[0]->command(1, 'publish', 1, undef, 'a', 'live') },
    'command before "connect"');
after_handshake('metadata before connect', sub {
    $_[0]->message(type => 'data', msid => 1,
        body => amf('@setDataFrame', 'onMetaData', { width => 320 }))
}, 'without "publish"');
after_handshake('video before connect',
    sub { $_[0]->message(type => 'video', msid => 1, body => avc_frame(1)) },
    'without "publish"');
after_handshake('an unknown command before connect',
    sub { $_[0]->command(0, 'xyzzy', 1, undef) }, 'before "connect"');

after_handshake('deep nesting', sub {
    $_[0]->message(type => 'command', body => amf('connect', 1)
        . ("\x03\0\1a" x 10000) . ("\0\0\x09" x 10000));
}, '.');
after_handshake('deep nesting of arrays', sub {
    $_[0]->message(type => 'command', body => amf('connect', 1)
        . ("\x0a\0\0\0\1" x 10000));
}, '.');
after_handshake('deep nesting of AMF3', sub {
    $_[0]->message(type => 'amf3_command', body => "\0" . amf('connect', 1)
        . "\x11" . ("\x09\x03\x01" x 10000));
}, '.');
after_handshake('an object that does not end', sub {
    $_[0]->message(type => 'command', body => amf('connect', 1)
        . "\x03" . ("\0\1a\5" x 10));
}, '.');
after_handshake('a string that is longer than the message', sub {
    $_[0]->message(type => 'command', body => amf('connect', 1)
        . "\x03\0\3app\x02\xff\xffabc");
}, '.');

after_connect('connect twice',
    sub { $_[0]->command(0, 'connect', 2, { app => 'live' }) },
    'command out of order');
after_connect('publish without createStream',
    sub { $_[0]->command(1, 'publish', 2, undef, 'a', 'live') },
    '"publish" before "createStream"');
after_connect('play without createStream',
    sub { $_[0]->command(3000000000, 'play', 2, undef, 'a') },
    '"play" before "createStream"');
after_connect('createStream without end', sub {
    my ($c) = @_;
    $c->command(0, 'createStream', $_, undef) for 2 .. 1000;
}, 'too many streams created');
after_connect('pings without reading', sub {
    my ($c) = @_;
    my $ping = $c->chunks(csid => 2, type => 'control',
        body => pack('nN', 6, 1)) x 1000;
    for (1 .. 2000) {
        last unless $c->write($ping);
    }
}, 'does not read replies');
after_connect('a publish without a name',
    sub { my $id = $_[0]->create_stream;
          $_[0]->command($id, 'publish', 0, undef) },
    '"publish" without a name');
after_connect('deleteStream of something odd', sub {
    my ($c) = @_;
    $c->command(0, 'deleteStream', 0, undef, $_)
        for (0, -1, 32, 1e18, 'x', undef);
    $c->command(0, 'deleteStream', 0);
    $c->write("\xc5");
}, 'chunk without a header');

# media

after_publish('video before its time is dropped, then', sub {
    my ($c) = @_;
    $c->video(0, avc_frame(1));
    $c->audio(0, aac_frame());
    $c->message(csid => 6, type => 'video', msid => 1, body => "\x17\x01");
}, '.');
ok($t->wait_log(qr/video frames before their configuration/, 5), 'dropped');

after_publish('a truncated video tag',
    sub { $_[0]->video(0, "\x17\0\0") }, '.');
after_publish('a truncated configuration',
    sub { $_[0]->video(0, substr(avc_config(), 0, 20)) }, '.');
after_publish('a truncated audio tag', sub { $_[0]->audio(0, "\xaf") }, '.');
after_publish('a truncated AudioSpecificConfig',
    sub { $_[0]->audio(0, "\xaf\0\x12") }, '.');
after_publish('a truncated aggregate', sub {
    $_[0]->message(type => 'aggregate', msid => 1, csid => 6,
        body => "\x09\0\0\xff\0\0\0\0\0\0\0abc")
}, 'truncated aggregate');
after_publish('metadata that is malformed', sub {
    $_[0]->message(type => 'data', msid => 1, csid => 5,
        body => amf('@setDataFrame', 'onMetaData') . "\x08\0\0\0\1\0\1a")
}, '.');
after_publish('metadata that is deeply nested', sub {
    $_[0]->message(type => 'data', msid => 1, csid => 5,
        body => amf('onMetaData') . ("\x03\0\1a" x 3000))
}, '.');
after_publish('publish twice', sub {
    $_[0]->command(1, 'publish', 0, undef, 'b', 'live')
}, '"publish" twice');
after_publish('a message of 16 MB', sub {
    $_[0]->message(type => 'video', msid => 1, csid => 6, len => 0xffffff)
}, 'too long message');
after_publish('silence', sub { 1 }, 'client timed out', 'brief');

# nothing of it has touched the others

my $player = client();
$player->play('live', 'good');
frame(1);

my $m = $player->wait_message(sub {
    $_[0]{type} == 9 && ord(substr($_[0]{body}, 1, 1)) == 1
});
ok($m, 'a player plays');

is("@{[ $t->workers ]}", "@workers", 'no worker was lost');

$_->close for $pub, $player;

done_testing();

###############################################################################

# At the port called brief whoever is silent for a second is closed.

sub client {
    return Test::NginxLive::RTMP->new(port => $t->port($_[0] // 'rtmp'));
}


# the good publisher goes on

sub frame {
    my ($key) = @_;

    $time += 40;
    $pub->video($time, avc_frame($key // 1));
}


sub check {
    my ($what, $c, $reason, $mark) = @_;

    frame();
    ok($c->closed, "$what: closed");

    my $line = eval {
        $t->wait_log(qr/closing RTMP|timed out/, 5, $mark);
    };

    like($line, qr/\[info\].*$reason/, 'log');
    frame();
}


sub raw {
    my ($what, $data, $reason) = @_;

    my $mark = $t->log_mark;
    my $c = client();
    $c->write($data);
    check($what, $c, $reason, $mark);
}


sub after_handshake {
    my ($what, $code, $reason) = @_;

    my $mark = $t->log_mark;
    my $c = client();
    $c->handshake;
    $code->($c);
    check($what, $c, $reason, $mark);
}


sub after_connect {
    my ($what, $code, $reason) = @_;

    my $mark = $t->log_mark;
    my $c = client();
    $c->handshake;
    $c->connect_app('live');
    $code->($c);
    check($what, $c, $reason, $mark);
}


sub after_publish {
    my ($what, $code, $reason, $port) = @_;

    my $mark = $t->log_mark;
    my $c = client($port);
    $c->publish('live', 'bad');
    $code->($c);
    check($what, $c, $reason, $mark);
    $c->close;
    $t->wait_log(qr{"live/bad" lost its publisher}, 5, $mark);
}
