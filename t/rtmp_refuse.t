#!/usr/bin/perl

# Copyright (C) nginx-live authors

# Every refusal has its code and description for the client and one line of
# level info with address, application, name and reason.

###############################################################################

use warnings;
use strict;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::NginxLive;
use Test::NginxLive::RTMP qw/ str avc_config avc_frame /;

###############################################################################

Test::NginxLive->need(qw/ live live_rtmp live_test /);

my $t = Test::NginxLive->new(
    live => 'zone live 16m streams=4; publish_stale 1m;
             application live { publish any; play any; }
             application closed { }
             application hidden { publish any; play none; }',
    stream => 'log_format live "$live_action $live_app/$live_name $live_args '
              . '$status";
               access_log %%DIR%%/live.log live;
               live_rtmp_timeout 1m;
               server { listen 127.0.0.1:%%PORT_rtmp%%; live_rtmp; }',
    modules => [ qw/ ngx_live_module ngx_stream_live_rtmp_module / ]
)->start;

my $waited = 0;

# connect

refused_connect('nosuch', 'no such application');
refused_connect('', 'invalid application');
refused_connect("evil\nname", 'invalid application');
refused_connect('a' x 200, 'invalid application');

# publish

my $first = client();
is($first->publish('live', 'a'), 1, 'a publisher');
media($first);

refused('live', 'publish', 'a', 'NetStream.Publish.BadName',
    'Stream is already being published.', 'already publishing');

refused('closed', 'publish', 'a', 'NetStream.Publish.Denied',
    'Publishing is not allowed.', 'publishing is not allowed');

for my $name ('', '.hidden', 'a/b', 'a b', "a\x01b", 'a' x 129, 'a%2fb') {
    refused('live', 'publish', $name, 'NetStream.Publish.BadName',
        'Invalid stream name.', 'bad stream name');
}

# play

refused('live', 'play', 'nosuch', 'NetStream.Play.StreamNotFound',
    'Stream not found.', 'no such stream');
refused('live', 'play', '../a', 'NetStream.Play.StreamNotFound',
    'Invalid stream name.', 'bad stream name');
refused('hidden', 'play', 'a', 'NetStream.Play.Failed',
    'Playing is not allowed.', 'playing is not allowed');

# a full zone refuses the newcomer and leaves the others alone

my @more = map { my $c = client(); $c->publish('live', "more$_"); $c } 1 .. 3;

refused('live', 'publish', 'toomany', 'NetStream.Failed',
    'No room for another stream.', 'live zone is full');

media($first);
ok(!closed_now($first), 'the others go on');
$_->close for @more;

# codecs

refused_codec("\x22" . 'h263 frame', 'unsupported video codec 2');
refused_codec("\x90hvc1" . 'frame', 'unsupported video codec 0x68766331');

# one line each

my @lines = $t->log_lines(qr/" refused: /);
cmp_ok(scalar(@lines), '>', 15, 'a line for each refusal');
is(scalar(grep { !/\[info\].*client: 127\.0\.0\.1/ } @lines), 0,
    'each line is info and has the address');

$first->close;

wait_for(sub { slurp($t->path('live.log')) =~ m{^publish live/a - 200$}m }, 5,
    'the access log');

my $log = slurp($t->path('live.log'));

like($log, qr{^publish closed/a - 403$}m, 'access log of a refused publish');
like($log, qr{^play live/nosuch - 403$}m, 'of a refused play');
like($log, qr{^publish live/a - 200$}m, 'of one that was not');

done_testing();

###############################################################################

sub client {
    return Test::NginxLive::RTMP->new(port => $t->port('rtmp'));
}


sub media {
    my ($c) = @_;

    $c->video(0, avc_config());
    $c->video(0, avc_frame(1));
}


sub closed_now {
    my ($c) = @_;
    return IO::Select->new($c->sock)->can_read(0) && $c->closed(0.1);
}


# The first client waits for the server to close, the others say that they have
# read the refusal, which makes it close at once.

sub closes {
    my ($c) = @_;

    $c->sock->shutdown(1) if $waited++;
    ok($c->closed, 'closed');
}


sub refused_connect {
    my ($app, $reason) = @_;

    my $mark = $t->log_mark;
    my $c = client();
    $c->handshake;

    my @back = $c->call('connect', { app => str($app) });
    my $what = printable("connect to '$app'");

    is($back[0], '_error', "$what is an error");
    is($back[2]{code}, 'NetConnection.Connect.InvalidApp', 'code');
    is($back[2]{level}, 'error', 'level');
    is($back[2]{description}, 'Application not found.', 'description');
    closes($c);

    my ($line) = $t->wait_log(qr/refused/, 5, $mark);
    like($line, qr/connect to ".*" refused: \Q$reason\E/, 'log');
}


sub refused {
    my ($app, $action, $name, $code, $description, $reason) = @_;

    my $mark = $t->log_mark;
    my $c = client();
    $c->handshake;
    $c->connect_app($app);

    my $id = $c->create_stream;
    $c->command($id, $action, 0, undef, str($name));

    my $info = $c->status;
    my $what = printable("$action of '$app/$name'");

    is($info->{level}, 'error', "$what is an error");
    is($info->{code}, $code, 'code');
    is($info->{description}, $description, 'description');
    closes($c);

    my ($line) = $t->wait_log(qr/refused/, 5, $mark);
    like($line, qr/$action of "$app.*" refused: \Q$reason\E/, 'log');
}


sub refused_codec {
    my ($body, $reason) = @_;

    my $mark = $t->log_mark;
    my $c = client();
    $c->publish('live', 'more1');
    $c->video(0, $body);

    my $info = $c->status;

    is($info->{code}, 'NetStream.Failed', $reason);
    is($info->{description}, 'Codec is not supported.', 'description');
    ok($c->closed, 'closed');

    like($t->wait_log(qr/refused/, 5, $mark),
        qr{publish of "live/more1" refused: $reason}, 'log');
}


sub printable {
    my ($text) = @_;

    $text =~ s/[^ -~]/?/g;
    return substr($text, 0, 60);
}
