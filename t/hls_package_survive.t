#!/usr/bin/perl

# Copyright (C) nginx-live authors

# A session goes on: after a worker was killed, over reloads, when the encoder
# comes back, and after nginx was restarted; numbers never go back, and each
# time there is one discontinuity at most.

###############################################################################

use warnings;
use strict;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::NginxLive;
use Test::NginxLive::MP4 qw/ fragments journal /;

###############################################################################

Test::NginxLive->need(qw/ live stream_live_rtmp http_live_hls /);
Test::NginxLive->need_program(qw/ ffmpeg ffprobe /);

my $t = Test::NginxLive->new(
    live => 'zone live 64m;
             hls on; hls_path %%DIR%%/hls; hls_segment 1s;
             hls_target_duration 2s; hls_part 250ms; hls_window 60s;
             application live { publish any; reconnect 8s;
                                publish_conflict takeover; }',
    stream => 'server { listen 127.0.0.1:%%PORT_rtmp%%; live_rtmp; }',
    http => 'server { listen 127.0.0.1:%%PORT_http%%;
             location /status { live_status; } }'
)->start;

my @opt = (gop => 30, bframes => 2);
my $pub = publish($t->rtmp('live/a'), @opt);

wait_for(sub { edge() >= 3 }, 20, 'segments');

my $session = hls()->{session};
my $dir = $t->path("hls/live/a/$session");

# a reload: the old worker goes on as if nothing had happened

my $mark = $t->log_mark;
$t->reload for 1 .. 2;

wait_for(sub { edge() >= 6 }, 20, 'segments after reloads');

is(discontinuities(), 0, 'no discontinuity by a reload');
is(hls()->{session}, $session, 'the same session');
is(hls()->{gaps}, 0, 'nothing was lost');

# the encoder is killed and comes back: another worker takes over

my $edge = edge();
$pub->stop('KILL');

wait_for(sub { hls()->{state} eq 'away' }, 10, 'away');
wait_for(sub { edge() > $edge + 1 }, 10, 'gaps');

$edge = edge();
$pub = publish($t->rtmp('live/a'), @opt);

wait_for(sub { media($edge) >= 3 }, 15, 'segments of the second encoder');

is(hls()->{session}, $session, 'the session goes on');
is(discontinuities(), 1, 'with one discontinuity');
is_deeply([ missing() ], [], 'no number is missing');

# its worker is killed

my $pid = owner();
ok($pid, 'owner');

$edge = edge();
$t->kill_worker($pid);
$pub->stop;

wait_for(sub { eval { hls()->{adopted} } }, 10, 'a new owner');

cmp_ok(edge(), '>=', $edge, 'numbers do not go back');

$pub = publish($t->rtmp('live/a'), @opt);
$edge = edge();
wait_for(sub { media($edge) >= 3 }, 20, 'segments of the third encoder');

is(hls()->{session}, $session, 'the session goes on');
is(discontinuities(), 2, 'one more discontinuity');
is_deeply([ missing() ], [], 'no number is missing');
is_deeply([ torn() ], [], 'files are as long as they should be');

# a second encoder takes the stream over

my $second = publish($t->rtmp('live/a'), @opt);
wait_for(sub { !$pub->alive }, 10, 'end of the first');

$edge = edge();
wait_for(sub { media($edge) >= 3 }, 20, 'segments after a takeover');
is(hls()->{session}, $session, 'the session goes on');
is(discontinuities(), 3, 'one more discontinuity');

# nginx is restarted

$edge = edge();
my @before = @{journal(slurp("$dir/journal"))->{segments}{v0}};

$t->stop('TERM');
$second->stop;
$t->start;

wait_for(sub { -s "$dir/v0.m3u8" && -s "$dir/../index.m3u8" }, 10,
    'playlists of the session that waits');
unlike(slurp("$dir/v0.m3u8"), qr/ENDLIST/, 'without an end');
like(slurp("$dir/v0.m3u8"), qr/^v0-\d+\.m4s$/m, 'but with segments');

$pub = publish($t->rtmp('live/a'), @opt);
wait_for(sub { media($edge) >= 3 }, 20, 'segments after a restart');

is(hls()->{session}, $session, 'the session goes on');
is(discontinuities(), 4, 'one more discontinuity');
is_deeply([ missing() ], [], 'no number is missing');
is_deeply([ torn() ], [], 'files are as long as they should be');
is(first(), 0, 'the window is intact');

my @after = @{journal(slurp("$dir/journal"))->{segments}{v0}};
is_deeply([ @after[0 .. $#before] ], \@before, 'what was listed stays');

my $gap = $after[$#before + 1];
is($gap->{flags}, 'G', 'the segment that was open is a gap');

ok(!(grep { $after[$_]{date} < $after[$_ - 1]{date} } 1 .. $#after),
    'dates do not go back');

# and does not come back after the next one; a torn line is ignored

$t->stop('TERM');
$pub->stop;

open(my $fh, '>>', "$dir/journal");
print $fh 'S 99 12345 179';
close($fh);

$t->start;

wait_for(sub { slurp("$dir/v0.m3u8") =~ /#EXT-X-ENDLIST\n$/ }, 40, 'the end');

ok(wait_for(sub { journal(slurp("$dir/journal"))->{ended} }, 10,
    'the end in the journal'), 'also in the journal');
unlike(slurp("$dir/journal"), qr/^S 99/m, 'the torn line is gone');

$pub = publish($t->rtmp('live/a'), @opt);
wait_for(sub { edge() >= 1 }, 20, 'a segment');
isnt(hls()->{session}, $session, 'the next session is a new one');

$pub->stop;
$t->stop;

done_testing();

###############################################################################

sub stream { ($t->json('/status') // {})->{streams}[0] // {} }

sub hls { stream()->{hls} // {} }

sub first { hls()->{renditions}[0]{first} }


# The number of segments that all renditions have.

sub edge {
    my $r = hls()->{renditions} // [];

    return 0 unless @$r;
    return (sort { $a <=> $b } map { $_->{next} } @$r)[0];
}


# Segments from that number on that are no gaps, in all renditions.

sub media {
    my ($edge) = @_;

    my $segments = journal(slurp("$dir/journal"))->{segments};
    my ($n) = sort { $a <=> $b } map {
        scalar(grep { $_->{msn} >= $edge && $_->{bytes} } @{$segments->{$_}})
    } qw/ v0 a1 /;

    return $n;
}


sub discontinuities {
    my $j = journal(slurp("$dir/journal"));
    my %n = map {
        my $track = $_;
        $track => scalar(grep { $_->{discont} } @{$j->{segments}{$track}})
    } qw/ v0 a1 /;

    return $n{v0} == $n{a1} ? $n{v0} : "$n{v0} and $n{a1}";
}


sub missing {
    my $j = journal(slurp("$dir/journal"));
    my @missing;

    for my $track (qw/ v0 a1 /) {
        my @msn = map { $_->{msn} } @{$j->{segments}{$track}};
        push @missing, grep { $msn[$_] != $_ } 0 .. $#msn;
    }

    return @missing;
}


# Files that are not what the journal says, or whose parts do not join.

sub torn {
    my $j = journal(slurp("$dir/journal"));
    my @torn;

    for my $track (qw/ v0 a1 /) {
        for my $s (grep { $_->{bytes} } @{$j->{segments}{$track}}) {
            my $file = "$dir/$track-$s->{msn}.m4s";
            my $data = wait_for(sub {
                my $d = slurp($file);
                length($d) == $s->{bytes} ? $d : undef;
            }, 3, "$file of $s->{bytes} bytes");

            my $next;

            for my $f (@{fragments($data)}) {
                push @torn, $file if defined $next && $next != $f->{dts};
                $next = $f->{dts} + $f->{duration};
            }
        }
    }

    return @torn;
}


# The pid of the worker that holds the publisher.

sub owner {
    my ($pid) = $t->log_text =~ /.*\[notice\] (\d+)#\d+: \*\d+ live stream "live\/a" continues/s;

    return $pid;
}
