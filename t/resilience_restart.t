#!/usr/bin/perl

# Copyright (C) nginx-live authors

# nginx is stopped, or dies at once, and is started again under players of
# LL-HLS: an encoder that returns continues the session, its numbers and its window, and no URL means
# two things.  A stream that does not return gets its end, stays readable, and
# is deleted.

###############################################################################

use warnings;
use strict;

use Test::More;
use Digest::MD5 qw/ md5_hex /;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::NginxLive;
use Test::NginxLive::Viewer qw/ playlist lists_wrong discontinuities /;

###############################################################################

Test::NginxLive->need(qw/ live live_rtmp live_hls /);
Test::NginxLive->need_program(qw/ ffmpeg /);

my $t = Test::NginxLive->new(
    live => 'zone live 64m; publish any;
             hls on; hls_path %%DIR%%/hls; hls_segment 1s;
             hls_target_duration 2s; hls_part 200ms; hls_window 60s;
             application live { reconnect 20s; }
             application gone { reconnect 2s; hls_window 6s; }',
    stream => 'server { listen 127.0.0.1:%%PORT_rtmp%%; live_rtmp; }',
    http => 'server { listen 127.0.0.1:%%PORT_http%%;
             location /hls/ { live_hls; }
             location /status { live_status; } }'
)->start;

my $pub = publish($t->rtmp('live/a'), gop => 15);
my $gone = publish($t->rtmp('gone/a'), gop => 15);

for my $app (qw/ live gone /) {
    wait_for(sub { (stream($app)->{hls}{renditions}[0]{next} // 0) >= 2 }, 20,
        "segments of $app");
}

my %session = map { $_ => stream($_)->{session} } qw/ live gone /;
my $dir = $t->path("hls/live/a/$session{live}");

my %hls = map {
    $_ => Test::NginxLive::Viewer->hls($t, 'live/a', $_,
        session => $session{live})
} qw/ v0 a1 /;

# what each URL has meant

my (%urls, @changed);

my @last = (restart('TERM', torn => 1), restart('QUIT'), restart('KILL'));

my %last = map { $_ => 1 } @last;

for my $track (sort keys %hls) {
    my $v = $hls{$track};
    my @lists = $v->events('playlist');

    is(lists_wrong([ @last ], @lists), '', "$track: playlists only go on");

    is(join(' ', grep { !/^(?:200|503)$/ } map { $_->{status} } @lists), '',
        "$track: nobody was told that the stream is gone");

    # but for those of a segment that was open

    is(join(' ', map { "$_->{uri}: $_->{status}" }
            grep { !$_->{gap} && $_->{status} != 200
                   && !$last{($_->{uri} =~ /-(\d+)/)[0]} }
            $v->events('part')), '', "$track: all parts were there");

    my $pl = $v->list;
    is($pl->{seq}, 0, "$track: the window is intact");
    is($pl->{dseq}, 0, "$track: so are discontinuities");

    for my $ev ($v->events('part')) {
        remember("$session{live}/$ev->{uri}", $ev->{md5}) unless $ev->{gap};
    }

    for my $s (@{$pl->{segments}}) {
        my $r = look("live/a/$session{live}/$s->{uri}");

        if ($s->{gap}) {
            is($r->{status}, 404, "$s->{uri} is a gap");
            ok(!$urls{"$session{live}/$s->{uri}"}, 'and was never there');

        } elsif ($r->{status} != 200) {
            fail("$s->{uri}: $r->{status}");
        }
    }
}

my @d = map { join(' ', discontinuities($_->events('playlist'))) }
    @hls{qw/ v0 a1 /};

is(scalar(split(' ', $d[0])), 3, 'a discontinuity for each restart');
is($d[1], $d[0], 'at the same segments of both');

is("@changed", '', 'no URL has meant two things');

# what has not returned

my $path = "gone/a/$session{gone}";

wait_for(sub { look("$path/v0.m3u8")->{body} =~ /#EXT-X-ENDLIST\n$/ }, 30,
    'the end of what did not return');

my $pl = playlist(look("$path/v0.m3u8")->{body});
my @segments = grep { !$_->{gap} } @{$pl->{segments}};

cmp_ok(scalar(@segments), '>=', 1, 'it has segments');
is(scalar(grep { look("$path/$_->{uri}")->{status} != 200 } @segments), 0,
    'they are readable');
is(look("$path/$segments[0]{map}")->{status}, 200, 'so is the map');
is(look('gone/a/index.m3u8')->{status}, 200, 'and the multivariant playlist');

wait_for(sub { look("$path/v0.m3u8")->{status} == 404 }, 30, 'its deletion');

is(look("$path/$segments[0]{uri}")->{status}, 404, 'segments are deleted');
is(look('gone/a/index.m3u8')->{status}, 404, 'so is the index');
ok(wait_for(sub { !-e $t->path("hls/$path") }, 10, 'the directory to go'),
    'and the directory');

is("@changed", '', 'no URL has meant two things');

done_testing();

###############################################################################

sub stream {
    my ($app) = @_;

    my $json = eval { $t->json('/status') } // {};
    my ($s) = grep { $_->{application} eq $app } @{$json->{streams} // []};

    return $s // {};
}


# Stops and starts nginx in the middle of a segment; the encoder of live/a is
# back soon.

sub restart {
    my ($sig, %opt) = @_;

    my $at = wait_for(sub {
        my $pl = $hls{v0}->list;
        $pl && $pl->{next_part} >= 2 ? $pl->{next} : undef;
    }, 10, 'an open segment');

    for my $track (sort keys %hls) {
        look("live/a/$session{live}/$track-$at.$_.m4s") for 0, 1;
    }

    # with QUIT nginx waits for its encoders

    if ($sig eq 'QUIT') {
        kill('QUIT', $t->pid);
        $_->stop for $pub, $gone;
    }

    if ($sig eq 'KILL') {
        kill('KILL', $t->pid, $t->workers);
        wait_for(sub { !$t->{proc}->alive }, 5, 'the death of nginx');
    }

    $t->stop($sig);
    $_->stop for $pub, $gone;

    if ($opt{torn}) {
        open(my $fh, '>>', "$dir/journal") or die;
        print $fh 'S 99 12345 179';
        close($fh);
    }

    my @lists = $hls{v0}->events('playlist');

    $t->start;

    # the session of the files, before the encoder is there

    wait_for(sub {
        look("live/a/$session{live}/$_-$at.m4s") for qw/ v0 a1 /;
        my @now = $hls{v0}->events('playlist');
        @now > @lists && $now[-1]{status} == 200;
    }, 10, 'the playlist of the files');

    unlike(($hls{v0}->events('playlist'))[-1]{body}, qr/ENDLIST/,
        "$sig: it does not end");

    $pub = publish($t->rtmp('live/a'), gop => 15);

    wait_for(sub {
        my $pl = $hls{v0}->list;
        my ($d) = grep { $_->{discont} && $_->{msn} >= $at } @{$pl->{segments}};
        $d && $pl->{next} > $d->{msn} + 1;
    }, 20, 'segments of the encoder that is back');

    is(stream('live')->{session}, $session{live}, "$sig: the same session");

    # names of parts that were there mean the same or nothing

    for my $track (sort keys %hls) {
        look("live/a/$session{live}/$track-$at.$_.m4s") for 0 .. 2;
    }

    # what is named is there

    for my $track (sort keys %hls) {
        for my $s (@{$hls{$track}->list->{segments}}) {
            next if $s->{gap};
            look("live/a/$session{live}/$s->{uri}");
            look("live/a/$session{live}/$s->{map}");
        }
    }

    return $at;
}


# Gets something below /hls/ and compares it with what it was.

sub look {
    my ($uri) = @_;

    my $r = $t->get("/hls/$uri");

    remember($uri, md5_hex($r->{body})) if $r->{status} == 200
        && $uri !~ /m3u8/;

    return $r;
}


sub remember {
    my ($uri, $md5) = @_;

    $uri =~ s{^\w+/a/}{};

    push @changed, $uri if $md5 ne ($urls{$uri} //= $md5);
}
