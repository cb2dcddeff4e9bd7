#!/usr/bin/perl

# Copyright (C) nginx-live authors

# Clients whose network is cut, so that neither FIN nor RST ever comes: an
# encoder and a player behind a link of their own, which is taken down.

###############################################################################

use warnings;
use strict;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::NginxLive;
use Test::NginxLive::Process qw/ which /;
use Test::NginxLive::RTMP qw/ str avc_config avc_frame /;

###############################################################################

Test::NginxLive->need(qw/ live live_rtmp /);

my $owner = $$;
my ($name, $ip, $peer) = network();

plan(skip_all => 'no network namespace') unless $name;

my $t = Test::NginxLive->new(
    live => 'zone live 32m; application live { publish any; reconnect 20s;
                                               publish_stale 1s; }',
    stream => 'live_rtmp_flush 10ms; live_rtmp_timeout 2s;
               live_rtmp_send_timeout 2s;
               server { listen 0.0.0.0:%%PORT_rtmp%%; live_rtmp; }'
)->start;

my $far_pub = far('publish', 'a');
$t->wait_log(qr/"live\/a" started/, 10);

my $near_pub = client();
$near_pub->publish('live', 'b');
$near_pub->video(0, avc_config());
$near_pub->video(0, avc_frame(1));

my $player = client();
$player->play('live', 'a');
ok(picture($player), 'a player of an encoder that is far away');

my $far_player = far('play', 'b');
wait_for(sub { $far_player->output =~ /picture/ }, 10, 'a far player');

# cut

my $mark = $t->log_mark;
ip('link', 'set', $name, 'down');

# the encoder is back by another way before its timeout

my $back = client();

wait_for(sub {
    $back->handshake;
    $back->connect_app('live');
    $back->command($back->create_stream, 'publish', 0, undef, 'a', 'live');

    return 1 if $back->status->{code} eq 'NetStream.Publish.Start';

    $back->close;
    $back = client();
    return 0;
}, 10, 'the stale publisher');

$t->wait_log(qr/"live\/a" continues/, 5, $mark);

$back->{msid} = 1;
$back->video(9000, avc_config());
$back->video(9000, avc_frame(1));
ok(picture($player), 'the player goes on');

# the far player takes nothing, whether or not there is something to be sent

my $time = 40;

ok(wait_for(sub {
    $near_pub->video($time += 40, avc_frame(1, 500));
    $back->video(9000 + $time, avc_frame(1, 500));
    ($t->log_lines(qr/sending to RTMP player.*"live\/b"/, $mark))[0];
}, 20, 'the end of the far player'), 'the far player is closed');

ok($back->message(csid => 2, type => 'control', body => pack('nN', 6, 1)),
    'nobody else is');
ok(picture($player), 'and frames flow');

$_->close for $back, $near_pub, $player;
$_->kill for $far_pub, $far_player;

done_testing();

###############################################################################

sub ip {
    my (@args) = @_;
    return run_command(cmd => [ 'ip', @args ])->{rc} == 0;
}


# A namespace and a pair of interfaces of one name, with two addresses.

sub network {
    return () if $> != 0 || !which('ip');

    my $n = free_port() % 16000;
    my $link = "ngxlive$n";
    my ($a, $b) = map { sprintf('10.213.%d.%d', $n / 64, $n % 64 * 4 + $_) }
        1, 2;

    return () unless ip('netns', 'add', $link);

    $name = $link;

    return () unless ip('link', 'add', $link, 'type', 'veth', 'peer', 'name',
                        'eth0', 'netns', $link)
        && ip('addr', 'add', "$a/30", 'dev', $link)
        && ip('link', 'set', $link, 'up')
        && ip('-n', $link, 'addr', 'add', "$b/30", 'dev', 'eth0')
        && ip('-n', $link, 'link', 'set', 'eth0', 'up');

    return ($link, $a, $b);
}


# A client in the namespace: it publishes or plays and says "picture" for each.

sub far {
    my ($action, $stream) = @_;

    my $script = <<'PERL';
        use Test::NginxLive::RTMP qw/ avc_config avc_frame /;
        $| = 1;
        my ($host, $port, $action, $name) = @ARGV;
        my $c = Test::NginxLive::RTMP->new(host => $host, port => $port,
                                           timeout => 60);
        $c->$action('live', $name);

        if ($action eq 'play') {
            while (my $m = $c->read_message) {
                print "picture\n" if $m->{type} == 9;
            }
        }

        $c->video(0, avc_config());

        for (my $time = 0; 1; $time += 40) {
            $c->video($time, avc_frame(1));
            select(undef, undef, undef, 0.04);
        }
PERL

    return spawn(cmd => [ 'ip', 'netns', 'exec', $name, $^X,
        "-I$FindBin::Bin/lib", '-e', $script, $ip, $t->port('rtmp'),
        $action, $stream ]);
}


sub client {
    return Test::NginxLive::RTMP->new(port => $t->port('rtmp'));
}


sub picture {
    my ($c) = @_;

    return $c->wait_message(sub {
        $_[0]{type} == 9 && ord(substr($_[0]{body}, 1)) == 1
    });
}


END {
    if (defined $name && $$ == $owner) {
        my $status = $?;
        system("ip netns del $name 2>/dev/null");
        system("ip link del $name 2>/dev/null");
        $? = $status;
    }
}
