#!/usr/bin/perl

# Copyright (C) nginx-live authors

# A helper that reads more slowly than frames come: it is moved to key frames
# and told so, gets no half message, and is not taken for one that hangs.

###############################################################################

use warnings;
use strict;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::NginxLive;

###############################################################################

Test::NginxLive->need(qw/ live live_test live_rtmp live_flv /);

my $t = Test::NginxLive->new(
    live => "zone live 64m; publish any; reconnect 2s; buffer 1s;
             application live {
                 test_helper all /usr/bin/perl %%DIR%%/slow.pl;
             }",
    stream => 'server { listen 127.0.0.1:%%PORT_rtmp%%; live_rtmp; }',
    http => 'server { listen 127.0.0.1:%%PORT_http%%;
                      location /status { live_status; }
                      location /flv/ { live_flv; } }'
);

spit($t->path('slow.pl'), <<'EOP');
use strict;
use POSIX ();

open(my $in, '+<&=', 0);
binmode($in);
$SIG{PIPE} = 'IGNORE';

my ($frames, $bytes, $drops, $late, $config) = (0, 0, 0, 0, 0);

while (1) {
    my $head = take(32);
    my ($magic, $version, $type, $size, $track, undef, $flags, undef, undef,
        undef, $dts) = unpack('n C C N C C n N N N q>', $head);

    if ($magic != 0x4c48 || $version != 1 || $type > 3) {
        print STDERR "broken after $frames frames\n";
        POSIX::pause();
    }

    my $body = take($size);
    $bytes += $size;

    if ($type == 3) {
        substr($head, 3, 1) = chr(4);
        syswrite($in, $head);
        print STDERR "frames $frames drops $drops late $late\n";
        next;
    }

    if ($type == 1) {
        $config++;
        next;
    }

    # lengths of NAL units fill the frame, and a picture after a gap is one
    # that needs no other

    if ($track == 0) {
        my $pos = 0;

        $pos += 4 + unpack('N', substr($body, $pos)) while $pos + 4 < $size;
        print STDERR "pieces\n" if $pos != $size;

        $late = 1 if $flags & 4;
        print STDERR "no key frame\n" if $late && !($flags & 1);
        $late = 0;
    }

    $frames++;
    $drops++ if $flags & 4;
    $late = 1 if $flags & 4 && $track;

    # this is how slow it is

    select(undef, undef, undef, $size / 60000);
}

sub take {
    my ($n) = @_;
    my $data = '';

    while (length $data < $n) {
        sysread($in, $data, $n - length $data, length $data) or exit(0);
    }

    return $data;
}
EOP

chmod(0644, $t->path('slow.pl'));
$t->start;

# more than four times what it reads

my $pub = publish($t->rtmp('live/a'), gop => 15, rate => '3000k',
    size => '1280x720', audio => 48000, video => [
        qw/ -c:v libx264 -pix_fmt yuv420p -preset ultrafast -g 15
            -keyint_min 15 -sc_threshold 0 -tune zerolatency -b:v 3000k
            -minrate 3000k -maxrate 3000k -bufsize 1000k -threads 1
            -nal-hrd cbr / ]);

wait_for(sub { (helper()->{skipped} // 0) > 2 }, 60, 'three moves');
$t->wait_log(qr/"all" of "live\/a": frames \d+ drops [1-9]/, 30);

my $flv = play($t->url('/flv/live/a.flv'), out => $t->path('a.flv'),
    duration => 3);
is($flv->wait, 0, 'a player beside it');
ok(decodes($t->path('a.flv')), 'has all frames');

my $h = helper();

is($h->{restarts}, 0, 'the helper is not killed')
    or diag($t->log_lines(qr/helper/));
cmp_ok($h->{in}, '>', 30, 'it is given frames');
is($t->json('/status')->{streams}[0]{dropped}, 0, 'the stream loses none');
is(scalar($t->log_lines(qr/"all" of.*(?:broken|no key|pieces)/)), 0,
    'whole messages, a key frame after each gap')
    or diag($t->log_lines(qr/"all" of/));

$pub->stop;

###############################################################################

done_testing();

###############################################################################

sub helper { $t->json('/status')->{streams}[0]{helpers}[0] // {} }
