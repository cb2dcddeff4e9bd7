#!/usr/bin/perl

# Copyright (C) nginx-live authors

# conf/edge.conf, a second nginx as a CDN's edge: 200 viewers behind it cost
# the origin one request per playlist, part and rendition, blocked ones too.

###############################################################################

use warnings;
use strict;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use IO::Select;
use Time::HiRes qw/ time /;

use Test::NginxLive;
use Test::NginxLive::HTTP;

###############################################################################

my $VIEWERS = 200;
my $PARTS = 6;

Test::NginxLive->need(qw/ live live_rtmp live_hls /);

my $t = Test::NginxLive->new(
    live => 'zone live 64m; application live { publish any; hls on;
        hls_path %%DIR%%/hls; reconnect 2s; }',
    stream => 'server { listen %%PORT_rtmp%%; live_rtmp; }',
    http => 'log_format uri "$status $request_uri"; access_log %%DIR%%/uri.log
        uri; server { listen %%PORT_http%%; location /hls/ { live_hls; } }'
)->start;

my $edge = Test::NginxLive->new();
my $conf = slurp(Test::NginxLive->top() . '/conf/edge.conf');
my $origin = $t->port('http');

$conf =~ s/listen\s+8090/listen %%PORT_http%%/;
$conf =~ s/127\.0\.0\.1:8080/127.0.0.1:$origin/;
$conf =~ s{logs/edge-error\.log warn}{%%DIR%%/error.log info};
$conf =~ s{edge\.pid}{%%DIR%%/nginx.pid};

mkdir($edge->path($_)) for qw/ logs temp /;
$edge->set(conf => $conf)->start;

my $pub = publish($t->rtmp('live/a'), gop => 30);

# the renditions

my $multi = wait_for(sub {
    my $r = $edge->get('/hls/live/a/index.m3u8');
    $r->{status} == 200 ? $r->{body} : undef;
}, 20, 'multivariant playlist');

my ($video) = $multi =~ m{^([^#\s]\S*)$}m;
my ($audio) = $multi =~ m{TYPE=AUDIO.*URI="([^"]+)"};
my ($dir) = $video =~ m{^(.*/)};

ok($video && $audio, 'two renditions');

# where the edge of the video is now

my $list = wait_for(sub {
    my $r = $t->get("/hls/live/a/$video");
    $r->{body} =~ /PRELOAD-HINT:\S*URI="/ ? $r->{body} : undef;
}, 20, 'media playlist');

my ($msn, $part) = $list =~ /PRELOAD-HINT:\S*URI="\w+-(\d+)\.(\d+)\.m4s"/;

# half of the viewers watch, the others listen; a token of their own each

my @viewers = map { { c => $edge->client(), token => "v$_", msn => $msn,
    part => $part, track => $_ % 2 ? $video : $audio, state => 'playlist',
    done => 0 } } 1 .. $VIEWERS;

my @bad;


sub ask {
    my ($v) = @_;

    if ($v->{state} eq 'playlist') {
        $v->{c}->request("/hls/live/a/$v->{track}?_HLS_msn=$v->{msn}"
            . "&_HLS_part=$v->{part}&token=$v->{token}");
    } else {
        $v->{c}->request("/hls/live/a/$dir$v->{uri}");
    }

    $v->{start} = time();
}


sub answer {
    my ($v) = @_;

    my $r = $v->{c}->response(timeout => 10);
    push @bad, "$v->{state}: $r->{status}" if $r->{status} != 200;

    if ($v->{state} eq 'playlist') {

        # the last part that is listed, and the one after it

        my @parts = $r->{body} =~ /^#EXT-X-PART:.*URI="([^"]+)"/mg;
        push @bad, 'a token in a shared copy' if $r->{body} =~ /token=/;

        $v->{uri} = $parts[-1];
        ($v->{msn}, $v->{part}) = $r->{body}
            =~ /PRELOAD-HINT:\S*URI="\w+-(\d+)\.(\d+)\.m4s"/;
        $v->{state} = 'part';

    } else {
        push @bad, "empty part $v->{uri}" if length $r->{body} < 100;
        $v->{state} = 'playlist';
        $v->{done}++;
    }
}


my %by = map { $_->{c}->sock => $_ } @viewers;
my $select = IO::Select->new(map { $_->{c}->sock } @viewers);
my $end = time() + 60 * factor();

ask($_) for @viewers;

while ($select->count && time() < $end) {
    for my $sock ($select->can_read(1)) {
        my $v = $by{$sock};

        answer($v);

        if ($v->{done} < $PARTS) {
            ask($v);
        } else {
            $select->remove($sock);
        }
    }
}

is($select->count, 0, "$VIEWERS viewers got $PARTS parts each");
is_deeply(\@bad, [], 'all answers are good');

# what the origin has seen

my %count;

for my $line (split(/\n/, slurp($t->path('uri.log')))) {
    my ($status, $uri) = $line =~ /^(\d+) (\S+)$/ or next;
    $count{$uri}++ if $uri =~ /_HLS_msn|\.m4s/;
}

my @more = map { "$_: $count{$_}" } grep { $count{$_} > 1 } sort keys %count;
my @blocked = grep { /_HLS_msn/ } keys %count;
my @parts = grep { /\.m4s/ } keys %count;

is_deeply(\@more, [], 'one request per playlist and part at the origin');
cmp_ok(scalar @blocked, '>=', 2 * $PARTS, 'blocked requests were seen');
cmp_ok(scalar @parts, '>=', 2 * $PARTS, 'parts were seen');
ok(!(grep { /token/ } keys %count), 'no other arguments reach the origin');

###############################################################################

done_testing();
