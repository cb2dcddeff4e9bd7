#!/usr/bin/perl

# Copyright (C) nginx-live authors

# An encoder that changes its configuration more often than versions are kept,
# while a player does not read: what the player gets is whole, each frame with
# the configuration that it was sent with or a later one.

###############################################################################

use warnings;
use strict;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::NginxLive;
use Test::NginxLive::RTMP qw/ avc_config avc_frame /;

###############################################################################

Test::NginxLive->need(qw/ live live_rtmp /);

my $t = Test::NginxLive->new(
    workers => 1,
    live => 'zone live 64m; application live { publish any; }',
    stream => 'live_rtmp_flush 10ms;
               server { listen 127.0.0.1:%%PORT_rtmp%% sndbuf=16k;
                        live_rtmp; }'
)->start;

# versions that one worker looks at, one of them after it has been replaced

my ($pub, $time) = (client(), 0);

$pub->publish('live', 'a');
$pub->set_chunk_size(65536);
config(1, 4);
frame(1000);

my $slow = client(rcvbuf => 32768);
$slow->play('live', 'a');
$slow->wait_message(\&is_frame);

frame(60000) for 1 .. 10;
config(2, 4);
frame(500);

my $other = client();
$other->play('live', 'a');
$other->wait_message(\&is_frame);
$other->close;

for (3 .. 6) {
    config($_, 4);
    frame(500);
}

# answered when all of that was read

$pub->call('_checkbw', undef);

is(join(' ', versions($slow)), '2 3 4 5 6', 'all versions that are kept');
$slow->close;
$pub->close;

# one is replaced while a player is in the midst of it, or of its frame: what
# the kernel takes before it depends on the kernel

for my $before (map { 10000 + 8000 * $_ } 0 .. 11) {
    ($pub, $time) = (client(), 0);

    $pub->publish('live', "b$before");
    $pub->set_chunk_size(65536);
    config(1, 4);
    frame(1000);

    $slow = client(rcvbuf => 32768);
    $slow->play('live', "b$before");
    $slow->wait_message(\&is_frame);

    frame($before);
    config(2, 16000);
    frame(300000);

    $other = client();
    $other->play('live', "b$before");
    $other->wait_message(\&is_frame);

    config($_, 16000) for 3 .. 6;

    frame(500);
    $other->wait_message(sub { is_frame(@_) && $_[0]{time} == $time - 40 });
    $other->close;

    my @got = eval { versions($slow) };

    is($@, '', "whole messages, $before bytes before them");
    is($got[-1], 6, 'and the newest at the end');

    $slow->close;
    $pub->close;
}

done_testing();

###############################################################################

sub client {
    my (%opt) = @_;
    return Test::NginxLive::RTMP->new(port => $t->port('rtmp'), %opt);
}


# The version stands in the picture parameter set.

sub config {
    my ($n, $size) = @_;

    my $body = avc_config();
    my $pps = chr(0x68) . sprintf('%04d', $n) . 'p' x $size;

    substr($body, -6) = pack('n/a*', $pps);
    $pub->video($time, $body);
}


sub frame {
    my ($size) = @_;

    $pub->video($time, avc_frame(1, $size));
    $time += 40;
}


sub is_frame {
    my ($m) = @_;
    return $m->{type} == 9 && ord(substr($m->{body}, 1)) == 1;
}


# Versions seen up to the last frame; dies if a message is not whole.

sub versions {
    my ($c) = @_;
    my @got;

    while (1) {
        my $m = $c->wait_message(sub { $_[0]{type} == 9 });

        if (is_frame($m)) {
            my $len = unpack('N', substr($m->{body}, 5));

            die "frame at $m->{time} is not whole\n"
                unless length($m->{body}) == 9 + $len
                       && substr($m->{body}, 10) =~ /^f*$/;

            return @got if $m->{time} == $time - 40;
            next;
        }

        die "configuration at $m->{time} is not whole\n"
            unless $m->{body} =~ /h(\d{4})p*$/;

        push @got, $1 + 0;
    }
}
