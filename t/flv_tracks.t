#!/usr/bin/perl

# Copyright (C) nginx-live authors

# FLV of streams with audio or video only, MP3, and a configuration that
# changes in mid-stream; what is read decodes.  Who may play "later" is known
# 200 ms later only.

###############################################################################

use warnings;
use strict;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::NginxLive;
use Test::NginxLive::FLV;

###############################################################################

Test::NginxLive->need(qw/ live stream_live_rtmp http_live_flv live_test /);
Test::NginxLive->need_program(qw/ ffmpeg ffprobe curl /);

my $t = Test::NginxLive->new(
    live => 'zone live 64m; application live { publish any; reconnect 10s; }',
    stream => 'server { listen 127.0.0.1:%%PORT_rtmp%%; live_rtmp; }',
    http => 'server { listen 127.0.0.1:%%PORT_http%%;
             location /flv/ { live_flv; }
             location /status { live_status; } }'
)->start;

my %pubs = (
    audio => publish($t->rtmp('live/audio'), video => 0),
    mp3 => publish($t->rtmp('live/mp3'), video => 0, acodec => 'libmp3lame',
        audio => 44100),
    later => publish($t->rtmp('live/later'), audio => 0),
    bframes => publish($t->rtmp('live/bframes'), bframes => 2, gop => 15),
    change => publish($t->rtmp('live/change'), audio => 0)
);

my %expect = (audio => [ 4, 'aac' ], mp3 => [ 4, 'mp3' ],
    later => [ 1, 'h264' ], bframes => [ 5, 'aac h264' ]);

for my $name (sort keys %pubs) {
    wait_for(sub { my $st = status($name);
        $st && @{$st->{tracks}}
            && $st->{tracks}[0]{frames} > ($name eq 'bframes' ? 60 : 10) },
        15, "stream $name");
}

for my $name (sort keys %expect) {
    my $file = fetch($name);
    my $flv = Test::NginxLive::FLV->new->add(slurp($file));

    is($flv->{flags}, $expect{$name}[0], "$name: flags of the header");

    my $probe = ffprobe($file);

    is(join(' ', sort map { $_->{codec_name} } @{$probe->{streams}}),
        $expect{$name}[1], "$name: codecs");

    # the last tag is cut off by curl

    truncate($file, $flv->{bytes} - $flv->rest);

    # MP3's first frames refer to bits of frames before them

    ok($name eq 'mp3' ? $flv->frames('audio') > 30 : decodes($file),
        "$name: decodes");
}

# another encoder with another picture

my $c = $t->client;
$c->request('/flv/live/change.flv')->response(stream => 1);

my $flv = Test::NginxLive::FLV->new;
read_until($c, $flv, sub { $flv->frames('video') >= 30 });

$pubs{change}->kill;
wait_for(sub { status('change')->{state} eq 'waiting' }, 5, 'state');

$pubs{change} = publish($t->rtmp('live/change'), audio => 0,
    size => '640x360');

my $before = @{$flv->{tags}};
read_until($c, $flv, sub { $flv->frames('video') >= 90 });

my @configs = grep { $flv->{tags}[$_]{config} } 0 .. $#{$flv->{tags}};

is(scalar(@configs), 2, 'two configurations');
isnt($flv->{tags}[$configs[0]]{data}, $flv->{tags}[$configs[1]]{data},
    'they differ');
cmp_ok($configs[1], '>=', $before - 30, 'the second comes with the change');
ok($flv->{tags}[$configs[1] + 1]{key}, 'before a key frame');

is(ffprobe(fetch('change'))->{streams}[0]{width}, 640,
    'new players see the new one');

done_testing();

###############################################################################

sub status {
    my ($name) = @_;

    my $json = $t->json('/status') or return undef;
    return (grep { $_->{name} eq $name } @{$json->{streams}})[0];
}

# Three seconds of a stream, in a file.

sub fetch {
    my ($name) = @_;

    my $res = curl('-m', 3, $t->url("/flv/live/$name.flv"));
    return spit($t->path("$name.flv"), $res->{body});
}

sub read_until {
    my ($c, $flv, $code) = @_;

    until ($code->()) {
        my $bytes = $c->read_bytes(1, 10);
        die "the stream has ended\n" unless length $bytes;
        $flv->add($bytes . $c->read_bytes(length $c->{buf}));
    }
}

###############################################################################
