#!/usr/bin/perl

# Copyright (C) nginx-live authors

# Encoders that come and go: thirty times twenty streams, with players, in both
# workers.  Whatever it was for, all of the zone's memory comes back, and
# descriptors and memory of the workers do.

###############################################################################

use warnings;
use strict;

use Test::More;
use Socket qw/ IPPROTO_TCP TCP_NODELAY /;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::NginxLive;
use Test::NginxLive::RTMP qw/ str avc_config avc_frame aac_config aac_frame /;

###############################################################################

Test::NginxLive->need(qw/ live live_rtmp live_flv live_hls /);

my ($CYCLES, $NAMES) = (15, 20);

# threads with heaps of their own would grow for long

$ENV{MALLOC_ARENA_MAX} = 1;

my $t = Test::NginxLive->new(
    live => 'zone live 96m;
             application live {
                 publish any; reconnect 1s; buffer 1s;
                 hls on; hls_path %%DIR%%/hls; hls_segment 500ms;
                 hls_target_duration 1s; hls_part 200ms; hls_window 3s;
             }',
    stream => 'live_rtmp_flush 10ms;
               server { listen 127.0.0.1:%%PORT_rtmp%%; live_rtmp; }',
    http => 'server { listen 127.0.0.1:%%PORT_http%%;
             location /hls/ { live_hls; }
             location /flv/ { live_flv; }
             location /status { live_status; } }'
)->start;

my $first = zone();

# the first round shows what workers need for streams at all

round(0, 1);
ended();

my %fds = map { $_ => $t->descriptors($_) } $t->workers;

is_deeply(zone(), $first, 'after the first streams the zone is as it was');

# Threads touch their stacks one after the other, and a worker is larger once it
# has had more streams at a time than before: that comes to an end, which a leak
# does not.

my (%memory, %grown);

for my $n (1 .. 5) {
    for my $k (1 .. $CYCLES) {
        round($n + $k, $k % 10 == 0);
    }

    # now and then they stay away until they are forgotten

    ended();
    is_deeply(zone(), $first, "after $CYCLES rounds the zone is as it was");

    my %now = map { $_ => $t->memory($_)->{own} } $t->workers;

    %grown = map { $_ => $now{$_} - ($memory{$_} // 0) } keys %now;
    %memory = %now;

    last if $n > 1 && ($ENV{LIVE_SANITIZE} || !grep { $_ > 2048 } values %grown);
}

is($t->json('/status')->{zone}{refused}, 0, 'nobody was refused');

for my $pid ($t->workers) {
    is($t->descriptors($pid), $fds{$pid}, 'descriptors of a worker');

    SKIP: {
        skip('sanitizers keep what is freed', 1) if $ENV{LIVE_SANITIZE};
        cmp_ok($grown{$pid}, '<=', 2048, 'memory of a worker');
    }
}

done_testing();

###############################################################################

# All streams at once; with play each has a player of RTMP and one of FLV, and
# somebody asks for its playlist.

sub round {
    my ($n, $play) = @_;

    my (@pub, @play);

    for my $i (1 .. $NAMES) {
        my $c = publisher("s$i");

        $c->set_chunk_size(65536);
        $c->video(0, avc_config());
        $c->audio(0, aac_config());

        # more than a second, with key frames, so that there is HLS

        for my $k (0 .. 39) {
            $c->video(40 * $k, avc_frame($k % 10 == 0, 3000));
            $c->audio(40 * $k, aac_frame(200));
        }

        push @pub, $c;
    }

    for my $i ($play ? (1 .. $NAMES) : ()) {
        my $c = client();
        $c->play('live', "s$i");
        $c->wait_message(sub { $_[0]{type} == 9 });

        my $flv = $t->client;
        my $r = $flv->request("/flv/live/s$i.flv")->response(stream => 1);
        die "FLV: $r->{status}\n" if $r->{status} != 200;

        my $hls = $t->client;
        $hls->request("/hls/live/s$i/index.m3u8");

        push @play, $c, $flv, $hls;
    }

    if ($n == 0) {
        wait_for(sub {
            my @s = grep { @{$_->{hls}{renditions}} }
                @{$t->json('/status')->{streams}};
            @s == $NAMES;
        }, 10, 'HLS of all streams');

        is(scalar(@pub), $NAMES, 'all have HLS');
    }

    # in turns one or the other is first to go

    $_->close for $n % 2 ? (@pub, @play) : (@play, @pub);
}


# The end of the one before may be news for its worker still.

sub publisher {
    my ($name) = @_;

    return wait_for(sub {
        my $c = client();
        return $c if eval { $c->publish('live', $name) };
        die $@ if $@ !~ /BadName/;
    }, 10, "publishing of $name");
}


sub client {
    my $c = Test::NginxLive::RTMP->new(port => $t->port('rtmp'));

    setsockopt($c->sock, IPPROTO_TCP, TCP_NODELAY, 1);
    return $c;
}


sub ended {
    wait_for(sub {
        my $zone = $t->json('/status')->{zone};
        !$zone->{streams} && !$zone->{sessions}
            && $zone->{extents_free} == $first->{extents_free};
    }, 15, 'the end of all streams');
}


sub zone {
    my $zone = $t->json('/status')->{zone};

    return { map { $_ => $zone->{$_} }
             qw/ streams sessions extents_free slab_free / };
}
