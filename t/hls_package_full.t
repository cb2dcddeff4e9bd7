#!/usr/bin/perl

# Copyright (C) nginx-live authors

# Sessions that nobody continues, on a disk that is full: one ends when there
# is room for its playlists, and is deleted when it never gets it; and one whose
# encoder has gone while the disk was full.

###############################################################################

use warnings;
use strict;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use Compress::Zlib ();
use Time::HiRes qw/ time /;

use Test::NginxLive;

###############################################################################

Test::NginxLive->need(qw/ live http_live_hls live_rtmp /);
Test::NginxLive->need_program(qw/ mount /);

my $disk = temp_dir();

plan(skip_all => 'may not mount')
    if system("mount -t tmpfs -o size=1m,mode=0777 tmpfs $disk 2> /dev/null");

END { system('umount', '-l', $disk) if $disk && -e "$disk/filler" }

spit("$disk/filler", '');

my $t = Test::NginxLive->new(
    live => "zone live 32m;
             hls on; hls_path $disk/hls; hls_window 60s; hls_segment 1s;
             application live { publish any; reconnect 1s; }",
    stream => 'server { listen 127.0.0.1:%%PORT_rtmp%%; live_rtmp; }',
    http => 'server { listen 127.0.0.1:%%PORT_http%%;
             location /hls/ { live_hls; }
             location /status { live_status; } }'
);

mkdir("$disk/hls") or die;

my $dir = session('a');

journal_of($dir, 20);
own();
fill();

$t->start;

# "could not write playlists of HLS session", once

$t->wait_log(qr/\[error\].*could not write playlists of .*No space left/, 20);
is(scalar(() = slurp("$dir/journal") =~ /^E /mg), 0, 'it has not ended');
isnt($t->get("/hls/live/a/abcdef/v0.m3u8")->{status}, 200, 'no playlist');

# room

spit("$disk/filler", '');

wait_for(sub { slurp("$dir/journal") =~ /^E /m }, 20, 'its end');

like($t->get("/hls/live/a/abcdef/v0.m3u8")->{body}, qr/^#EXT-X-ENDLIST$/m,
    'its playlist');
is(scalar($t->log_lines(qr/\[error\]/)), 1, 'an error, once')
    or diag($t->log_lines(qr/\[error\]/));

# one that is older than its window, and cannot end; and one that ends in a
# nginx that lives

my $pub = publish($t->rtmp('live/c'), gop => 30);

wait_for(sub { glob("$disk/hls/live/c/*/v0-1.m4s") }, 30, 'segments');

my ($ended) = glob("$disk/hls/live/c/*");

$dir = session('b');

fill();
journal_of($dir, 3600);
own();
$pub->stop;

wait_for(sub { !-e $dir }, 20, 'it is deleted');
pass('deleted');

wait_for(sub { !@{$t->json('/status')->{streams}} }, 20, 'the end');
is(scalar(() = slurp("$ended/journal") =~ /^E /mg), 0, 'it has not ended, too');

spit("$disk/filler", '');

wait_for(sub { slurp("$ended/journal") =~ /^E /m }, 30, 'its end');
like(slurp("$ended/v0.m3u8"), qr/^#EXT-X-ENDLIST$/m, 'its playlist, too');

done_testing();

###############################################################################


# The directory of a session, with a journal that takes the place of a page.

sub session {
    my ($name) = @_;

    my $dir = "$disk/hls/live/$name/abcdef";

    for ("$disk/hls/live", "$disk/hls/live/$name", $dir) {
        mkdir($_) or die "$_: $!\n" unless -d $_;
    }

    my $date = int((time() - 100) * 1000);

    spit("$dir/journal",
        line("H 1 abcdef live/$name $date 6 0")
        . line('T v0 video avc1.42c01f 0123456789abcdef 320 180 1/30 0 0 -')
        . line("S 0 0 $date - v0:360000:100:0123456789abcdef:I"));
    spit("$dir/v0-0.m4s", 'x' x 100);

    return $dir;
}


# It was written so many seconds ago.

sub journal_of {
    my ($dir, $age) = @_;
    utime(time() - $age, time() - $age, "$dir/journal") or die;
}


sub own { system('chown', '-R', 'nobody', "$disk/hls") if $> == 0 }


sub fill {
    open(my $fh, '>', "$disk/filler") or die;

    for my $size (65536, 4096, 512) {
        1 while syswrite($fh, 'x' x $size);
    }

    close($fh);
}


sub line {
    my ($text) = @_;
    return sprintf("%s *%08x\n", $text, Compress::Zlib::crc32($text));
}

###############################################################################
