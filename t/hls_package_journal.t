#!/usr/bin/perl

# Copyright (C) nginx-live authors

# The journal of a session that has run for long: what has left the window is
# left out of it, while it is written; and it stays one that a session is
# continued from.  A line that a worker did not finish harms no other.

###############################################################################

use warnings;
use strict;

use Test::More;
use Compress::Zlib ();

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::NginxLive;
use Test::NginxLive::HLS;
use Test::NginxLive::MP4 qw/ journal /;

###############################################################################

my $PAST = 6000;

Test::NginxLive->need(qw/ live stream_live_rtmp http_live_hls /);
Test::NginxLive->need_program(qw/ ffmpeg /);

my $t = Test::NginxLive->new(
    live => 'zone live 64m; publish any; reconnect 60s;
             hls on; hls_path %%DIR%%/hls; hls_segment 1s; hls_part 200ms;
             hls_target_duration 2s; hls_window 30s;
             application live { }',
    stream => 'server { listen 127.0.0.1:%%PORT_rtmp%%; live_rtmp; }',
    http => 'server { listen 127.0.0.1:%%PORT_http%%;
             location /hls/ { live_hls; }
             location /status { live_status; } }'
)->start;

my $hls = Test::NginxLive::HLS->new($t, 'live/a');
my $pub = encoder();

$hls->multi;
wait_for(sub { $hls->list('v0')->{open}{msn} >= 3 }, 20, 'segments');

my $session = $hls->session;
my $dir = $t->path("hls/live/a/$session");

# days go by

$t->stop('TERM');
$pub->kill;

my $size = past();
my @seen;

$t->start;
$pub = encoder();
go_on('continued');

wait_for(sub { -s "$dir/journal" < $size / 10 }, 20, 'a shorter journal');
ok(!-e "$dir/journal.tmp", 'which is whole');

my $j = journal(slurp("$dir/journal"));

is_deeply([ sort keys %{$j->{tracks}} ], [ qw/ a1 v0 / ], 'with its tracks');
cmp_ok($j->{segments}{v0}[0]{msn}, '>', $PAST - 100, 'without its past');

# what is left suffices; a torn line in the middle

open(my $fh, '>>', "$dir/journal") or die;
print $fh 'S 99 12345 179';
close($fh);

go_on('with a torn line before its own');
is(scalar(grep { !/^[HTSWCE] .* \*[0-9a-f]{8}$/ && !/^[CE] \*[0-9a-f]{8}$/ }
    split(/\n/, slurp("$dir/journal"))), 0, 'which is gone');

$t->stop('TERM');
$pub->kill;
$t->start;
$pub = encoder();
go_on('continued once more');

done_testing();

###############################################################################

sub encoder { publish($t->rtmp('live/a'), gop => 15, size => '160x90') }


# The session is the same, and gets new segments behind those it had.

sub go_on {
    my ($name) = @_;

    wait_for(sub {
        my ($s) = @{$t->json('/status')->{streams}};
        ($s->{hls}{state} // '') eq 'live';
    }, 20, 'the encoder');

    is($hls->multi->{session}, $session, "$name: the same session");

    my $at = $hls->list('v0')->{open}{msn};

    cmp_ok($at, '>=', $seen[-1] // $PAST, "$name: numbers go on");
    push @seen, $at;

    wait_for(sub { $hls->list('v0')->{open}{msn} >= $at + 2 }, 20,
        'new segments');
}


# Puts segments without bytes before those that are there; the size of the
# journal.

sub past {
    my @lines = split(/\n/, slurp("$dir/journal"));
    my ($first) = grep { /^S / } @lines;
    my (undef, undef, $start, $date) = split(' ', $first);
    my @new = grep { /^[HT] / } @lines;

    for my $msn (0 .. $PAST - 1) {
        my $left = $PAST - $msn;

        push @new, line(join(' ', 'S', $msn, $start - 90000 * $left,
            $date - 1000 * $left, '-', map { "$_:90000:0:" . '0' x 16 . ':G' }
            qw/ a1 v0 /));
    }

    for my $line (grep { /^S / } @lines) {
        my @f = split(' ', $line);
        pop @f;

        for my $r (@f[5 .. $#f]) {
            my ($track) = split(/:/, $r);
            rename("$dir/$track-$f[1].m4s", "$dir/$track-"
                   . ($f[1] + $PAST) . '.m4s');
        }

        $f[1] += $PAST;
        push @new, line(join(' ', @f));
    }

    my ($uid, $gid) = (stat("$dir/journal"))[4, 5];

    spit("$dir/journal", join('', map { "$_\n" } @new));
    chown($uid, $gid, "$dir/journal");

    return -s "$dir/journal";
}


sub line {
    my ($text) = @_;
    return sprintf('%s *%08x', $text, Compress::Zlib::crc32($text));
}
