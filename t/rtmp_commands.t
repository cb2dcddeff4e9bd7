#!/usr/bin/perl

# Copyright (C) nginx-live authors

# The commands as encoders and players of all kinds send them, and the layers
# below: chunk sizes, acknowledgements, pings, AMF3, aggregates.

###############################################################################

use warnings;
use strict;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::NginxLive;
use Test::NginxLive::RTMP qw/ amf amf_decode str avc_config avc_frame
    aac_config aac_frame mp3_frame /;

###############################################################################

Test::NginxLive->need(qw/ live live_rtmp /);

my $t = Test::NginxLive->new(
    live => 'zone live 64m; application live { publish any; play any; }',
    stream => 'live_rtmp_flush 10ms; live_rtmp_timeout 3s;
               server { listen 127.0.0.1:%%PORT_rtmp%%; live_rtmp; }
               server { listen 127.0.0.1:%%PORT_small%%; live_rtmp;
                        live_rtmp_chunk_size 128; live_rtmp_window 100000; }
               server { listen 127.0.0.1:%%PORT_large%%; live_rtmp;
                        live_rtmp_chunk_size 1m; }'
)->start;

# connect

my $c = client();
$c->handshake;
$c->command(0, 'connect', 1, { app => 'live/', objectEncoding => 3,
    list => { deep => { er => 1 } } });

my @control;
my $m = $c->wait_message(sub { push @control, $_[0]; $_[0]{type} == 20 });

is("@{[ map { $_->{type} } @control ]}", '5 6 1 20',
    'window, bandwidth, chunk size, result');
is(unpack('N', $control[0]{body}), 2500000, 'window');
is(unpack('N', $control[1]{body}), 2500000, 'bandwidth');
is($c->{chunk_in}, 65536, 'chunk size');
is($m->{values}[0], '_result', 'result');
is($m->{values}[1], 1, 'transaction');
like($m->{values}[2]{fmsVer}, qr{^FMS/}, 'version');
is($m->{values}[3]{code}, 'NetConnection.Connect.Success', 'code');
is($m->{values}[3]{level}, 'status', 'level');
is($m->{values}[3]{objectEncoding}, 3, 'encoding');

# what OBS, ffmpeg and FMLE say before they publish

is_deeply([ $c->call('releaseStream', undef, 'x') ], [ '_result', undef,
    undef ], 'releaseStream');

$c->command(0, 'FCPublish', 7, undef, 'x');
$m = $c->wait_message(sub { $_[0]{type} == 20 });
is($m->{values}[0], 'onFCPublish', 'onFCPublish');
is($m->{values}[3]{code}, 'NetStream.Publish.Start', 'its code');
is($m->{values}[3]{description}, 'x', 'its description');
$m = $c->wait_message(sub { $_[0]{type} == 20 });
is($m->{values}[0] . $m->{values}[1], '_result7', 'and a result');

is($c->create_stream, 1, 'createStream');
is($c->create_stream, 2, 'createStream again');

is(($c->call('getStreamLength', undef, 'x'))[2], 0, 'getStreamLength');
is(($c->call('_checkbw', undef))[0], '_result', '_checkbw');

my @back = $c->call('xyzzy', undef);
is($back[0], '_error', 'unknown command');
is($back[2]{code}, 'NetConnection.Call.Failed', 'its code');

$c->command(0, 'xyzzy', 0, undef);

# publish, leave, publish again

$c->command(2, 'publish', 9, undef, str('again?key=1'), 'record');
$m = $c->wait_message(sub { $_[0]{type} == 4 });
is(unpack('H*', $m->{body}), '000000000002', 'StreamBegin of the stream');
$m = $c->wait_message(sub { $_[0]{type} == 20 });
is($m->{msid}, 2, 'onStatus on the stream');
is($m->{values}[1], 0, 'its transaction');
is($m->{values}[3]{code}, 'NetStream.Publish.Start', 'its code');

$c->{msid} = 2;
$c->video(0, avc_config());
$c->video(0, avc_frame(1));
$c->command(0, 'FCUnpublish', 10, undef, 'again');
$c->command(2, 'closeStream', 0, undef);
is($c->status->{code}, 'NetStream.Unpublish.Success', 'closeStream');
$t->wait_log(qr{"live/again" lost its publisher});

$c->command(2, 'publish', 0, undef, str('again'), 'live');
is($c->status->{code}, 'NetStream.Publish.Start', 'publish again');
$c->command(2, 'publish', 0, undef, \0);
is($c->status->{code}, 'NetStream.Unpublish.Success', 'publish(false)');

$c->command(0, 'deleteStream', 0, undef, 2);
is($c->create_stream, 2, 'the number is free again');
$c->close;

# AMF3

$c = client();
$c->handshake;
$c->message(type => 'amf3_command', body => "\0" . amf('connect', 1)
    . "\x11\x0a\x0b\x01" . "\x07app\x06\x09live" . "\x01");
is($c->wait_message(sub { $_[0]{type} == 20 })->{values}[3]{code},
    'NetConnection.Connect.Success', 'connect with an AMF3 object');
$c->message(type => 'amf3_command', body => "\0" . amf('createStream', 2,
    undef));
is($c->wait_message(sub { $_[0]{type} == 20 })->{values}[3], 1,
    'createStream in AMF3');
$c->message(type => 'amf3_command', msid => 1,
    body => "\0" . amf('publish', 3, undef, 'amf3', 'live'));
is($c->status->{code}, 'NetStream.Publish.Start', 'publish in AMF3');
$c->message(type => 'amf3_data', msid => 1, csid => 5, body => "\0"
    . amf('@setDataFrame', 'onMetaData', { width => 64 }));
$c->{msid} = 1;
$c->video(0, avc_config());
$c->video(0, avc_frame(1));

my $p = client();
$p->play('live', 'amf3');
$m = $p->wait_message(sub { $_[0]{type} == 18 });
is_deeply($m->{values}, [ 'onMetaData', { width => 64 } ], 'metadata in AMF3');
is($m->{time}, 0, 'its time');
$_->close for $c, $p;

# ping, window

$c = client();
$c->publish('live', 'io');
$c->message(csid => 2, type => 'control', body => pack('nN', 6, 0xabcdef));
$m = $c->wait_message(sub { $_[0]{type} == 4 });
is(unpack('H*', $m->{body}), '000700abcdef', 'a ping is answered');

$c->message(csid => 2, type => 'window', body => pack('N', 20000));
$c->set_chunk_size(100000);
$c->video(0, avc_config());
$c->video(0, avc_frame(1, 50000));
$m = $c->wait_message(sub { $_[0]{type} == 3 });
cmp_ok(unpack('N', $m->{body}), '>=', 20000, 'acknowledgement');

# chunk sizes, both ways; messages larger than extents; times beyond 24 bits

my $big = avc_frame(1, 300000);
my @sent;

for my $size (1, 129, 4096, 70000, 0x7fffffff) {
    $c->set_chunk_size($size);
    my $frame = avc_frame(1, $size < 100 ? 3000 : 300000 + $size % 1000);
    push @sent, $frame;
}

my %players = map { my $q = client($_); $q->play('live', 'io'); ($_ => $q) }
    qw/ rtmp small large /;

my $time = 40;

for my $i (0 .. $#sent) {
    $c->set_chunk_size((1, 129, 4096, 70000, 0x7fffffff)[$i]);
    $c->video($time += 40, $sent[$i]);
}

for my $port (sort keys %players) {
    my $q = $players{$port};

    for my $i (0 .. $#sent) {
        $m = $q->wait_message(sub {
            $_[0]{type} == 9 && ord(substr($_[0]{body}, 1)) == 1
                && length $_[0]{body} != 50000 + 9
        });
        ok($m->{body} eq $sent[$i], "frame $i in chunks of $q->{chunk_in}");
    }
}

# interleaved chunks, type 3 for new messages, aggregates, cts

$c->set_chunk_size(128);
my $v = $c->chunks(csid => 6, type => 'video', msid => 1, time => 1000,
    body => avc_frame(0, 200, -40));
my $a = $c->chunks(csid => 4, type => 'audio', msid => 1, time => 1000,
    body => aac_config());
$c->write(substr($v, 0, 140) . $a . substr($v, 140));

my $q = $players{rtmp};
$m = $q->wait_message(sub { $_[0]{type} == 9 });
is(length $m->{body}, 209, 'interleaved video');
my $base = $m->{time} - 1000;
is(unpack('H*', substr($m->{body}, 2, 3)), 'ffffd8', 'composition time');

$c->message(csid => 4, type => 'audio', msid => 1, time => 1000,
    body => aac_frame(30));
$c->message(csid => 4, type => 'audio', fmt => 1, time => 23,
    body => aac_frame(30));
$c->message(csid => 4, type => 'audio', fmt => 2, time => 24,
    body => aac_frame(30));
$c->message(csid => 4, fmt => 3, type => 'audio', time => 0,
    body => aac_frame(30));

my @times = map { $q->wait_message(sub {
    $_[0]{type} == 8 && ord(substr($_[0]{body}, 1)) == 1 })->{time} - $base
} 1 .. 4;
is("@times", '1000 1023 1047 1071', 'header types 0 to 3');

my $aggregate = '';

for my $ts (500, 540) {
    my $body = avc_frame(0, 50);
    $aggregate .= "\x09" . substr(pack('N', length $body), 1)
        . substr(pack('N', $ts), 1) . "\0\0\0\0" . $body
        . pack('N', 11 + length $body);
}

$c->message(csid => 6, type => 'aggregate', msid => 1, time => 1100,
    body => $aggregate);

@times = map { $q->wait_message(sub { $_[0]{type} == 9 })->{time} - $base }
    1 .. 2;
is("@times", '1100 1140', 'aggregate');

$c->message(csid => 5, type => 'data', msid => 1, time => 1150,
    body => amf('onTextData', { text => 'x' }));
$m = $q->wait_message(sub { $_[0]{type} == 18 });
is_deeply($m->{values}, [ 'onTextData', { text => 'x' } ], 'data');

$c->message(csid => 5, type => 'data', msid => 1, time => 1150,
    body => amf('@setDataFrame', 'onMetaData', { height => 48 }));
$c->video(1180, avc_frame(0));
$m = $q->wait_message(sub { $_[0]{type} == 18 });
is_deeply($m->{values}, [ 'onMetaData', { height => 48 } ],
    'metadata changes on the way');

# a new configuration goes before the frame that needs it

my $other = avc_config();
substr($other, -1) = 'x';
$c->video(1200, $other);
$c->video(1220, avc_frame(1));

my @order = map { $q->wait_message(sub { $_[0]{type} == 9 }) } 1 .. 3;
is("@{[ map { ord(substr($_->{body}, 1)) } @order ]}", '1 0 1',
    'configuration on the way');
ok($order[1]{body} eq $other, 'as it was sent');

# pause, seek

$q->command($q->{msid}, 'pause', 0, undef, \1, 1000);
is($q->status->{code}, 'NetStream.Pause.Notify', 'pause');
$c->video(1260, avc_frame(0, 111));
$c->video(1300, avc_frame(1, 222));
$c->call('releaseStream', undef, 'x');     # it has read them
$q->command($q->{msid}, 'seek', 0, undef, 5000);
is($q->status->{code}, 'NetStream.Seek.Notify', 'seek');
$q->command($q->{msid}, 'pause', 0, undef, \0, 1000);
is($q->status->{code}, 'NetStream.Unpause.Notify', 'unpause');
$m = $q->wait_message(sub { $_[0]{type} == 9 });
is(length $m->{body}, 231, 'goes on at the newest key frame');

$q->command($q->{msid}, 'receiveAudio', 0, undef, \0);
$q->command($q->{msid}, 'closeStream', 0, undef);
is($q->status->{code}, 'NetStream.Play.Stop', 'closeStream');
$q->command($q->{msid}, 'play', 0, undef, 'io');
is($q->status->{code}, 'NetStream.Play.Reset', 'play again');

# extended timestamps, with and without in further chunks

for my $mode (0, 1) {
    my $e = client();
    $e->publish('live', "ext$mode");
    $e->video(0x1000000, avc_config());
    $e->message(csid => 6, type => 'video', msid => 1, time => 0x1000000,
        body => avc_frame(1, 400), no_ext => $mode);
    $e->message(csid => 6, type => 'video', msid => 1, time => 0x1000028,
        body => avc_frame(0, 401), no_ext => $mode);

    my $x = client();
    $x->play('live', "ext$mode");
    my @m = map { $x->wait_message(sub {
        $_[0]{type} == 9 && ord(substr($_[0]{body}, 1)) == 1 }) } 1 .. 2;
    is("@{[ map { length $_->{body} } @m ]}", '409 410',
        'extended times' . ($mode ? ', left out' : ''));
    is($m[1]{time} - $m[0]{time}, 40, 'distance');
    $_->close for $e, $x;
}

# MP3: players get frames only

my $mp3 = client();
$mp3->publish('live', 'mp3');
$mp3->audio($_ * 26, mp3_frame()) for 0 .. 3;

my $x = client();
$x->play('live', 'mp3');
$m = $x->wait_message(sub { $_[0]{type} == 8 });
ok($m->{body} eq mp3_frame(), 'MP3');

# a player is pinged

$m = $x->wait_message(sub { $_[0]{type} == 4 && $_[0]{body} =~ /^\0\x06/ });
ok($m, 'a ping for the player');

done_testing();

###############################################################################

sub client {
    my ($port) = @_;
    return Test::NginxLive::RTMP->new(port => $t->port($port // 'rtmp'));
}
