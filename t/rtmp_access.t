#!/usr/bin/perl

# Copyright (C) nginx-live authors

# Access rules that answer at once, later or never, and that rename; sessions
# that are ended from elsewhere; what a client sends while it waits.

###############################################################################

use warnings;
use strict;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::NginxLive;
use Test::NginxLive::RTMP qw/ str avc_config avc_frame /;

###############################################################################

Test::NginxLive->need(qw/ live live_rtmp live_flv live_hls live_test /);

my $t = Test::NginxLive->new(
    live => 'zone live 32m;
             application live { publish any; play any; }
             application token { publish test; play test; }',
    stream => 'live_rtmp_flush 10ms;
               map $live_args $sub { ~sub=(?<who>\w+) $who; }
               log_format live "$live_action $live_app/$live_name $live_args";
               access_log %%DIR%%/live.log live;
               server { listen 127.0.0.1:%%PORT_rtmp%%; live_rtmp; }',
    http => 'server { listen 127.0.0.1:%%PORT_http%%;
                      location /status { live_status; }
                      location /flv/ { live_flv; }
                      location /hls/ { live_hls; }
                      location /test { live_test; } }'
)->start;

# a name that is refused

is(code('live', 'publish', 'deny'), 'NetStream.Publish.Denied', 'denied');
is(code('live', 'play', 'deny'), 'NetStream.Play.Failed', 'denied to play');

# an application that is not there

is(code('nosuch', 'publish', 'a'), 'NetStream.Publish.Denied',
    'an unknown application is left to the access rules');

# arguments of the name and of the application

is(code('token', 'publish', 'a'), 'NetStream.Publish.Denied', 'no key');
is(code('token', 'publish', 'a?key=wrong'), 'NetStream.Publish.Denied',
    'wrong key');
is(code('token', 'publish', 'a?key=secret'), 'NetStream.Publish.Start',
    'the right one');
is(code('token?key=secret', 'publish', 'b'), 'NetStream.Publish.Start',
    'in the application');
is(code('token?x=y', 'publish', 'c?key=secret'), 'NetStream.Publish.Start',
    'in both');
is(code('live/name', 'publish', ''), 'NetStream.Publish.Start',
    'a name in the application');
is(code('live/x', 'publish', 'y'), 'NetStream.Publish.BadName',
    'names in both');
is(code('live/_definst_', 'publish', 'definst'), 'NetStream.Publish.Start',
    'the default instance');

wait_for(sub { slurp($t->path('live.log')) =~ /definst/ }, 5,
    'the access log');
like(slurp($t->path('live.log')), qr{^publish token/c key=secret&x=y$}m,
    'arguments in the access log');
like(slurp($t->path('live.log')), qr{^publish live/name -$}m,
    'name in the access log');

# an answer that comes later, while the client goes on sending

my $c = client();
$c->handshake;
$c->connect_app('live');
my $id = $c->create_stream;
$c->{msid} = $id;
my $mark = $t->log_mark;
$c->write($c->chunks(type => 'command', msid => $id,
        body => Test::NginxLive::RTMP::amf('publish', 0, undef, 'later'))
    . $c->chunks(type => 'video', csid => 6, msid => $id,
        body => avc_config())
    . $c->chunks(type => 'video', csid => 6, msid => $id,
        body => avc_frame(1, 321)));
is($c->status->{code}, 'NetStream.Publish.Start', 'allowed later');

my $p = client();
$p->handshake;
$p->connect_app('live');
$p->command($p->create_stream, 'play', 0, undef, 'later');
is($p->status->{code}, 'NetStream.Play.Reset', 'played later');
is(length picture($p)->{body}, 330, 'what was sent meanwhile is there');

is(code('live', 'publish', 'laterdeny'), 'NetStream.Publish.Denied',
    'denied later');

# a client that goes while it waits

$mark = $t->log_mark;
my $gone = client();
$gone->handshake;
$gone->connect_app('live');
$gone->command($gone->create_stream, 'publish', 0, undef, 'later');
$gone->close;
ok($t->wait_log(qr/access check was cancelled|cancel/, 5, $mark),
    'the check is cancelled');

# renamed

my $r = client();
$r->publish('live', 'rename');
$r->video(0, avc_config());
$r->video(0, avc_frame(1));
my $q = client();
$q->play('live', 'renamed');
ok(picture($q), 'a renamed stream');
$r->close;
wait_for(sub { slurp($t->path('live.log')) =~ m{^publish live/renamed}m }, 5,
    'the new name in the access log');

# renamed to what is no name: nothing is found, nothing is made

for my $name (qw/ renamebad renamelong renamelater /) {
    is(code('live', 'publish', $name), 'NetStream.Publish.BadName',
        "publish $name");
    is(code('live', 'play', $name), 'NetStream.Play.StreamNotFound',
        "play $name");
    is($t->get("/flv/live/$name.flv")->{status}, 404, "FLV $name");
    is($t->get("/hls/live/$name/index.m3u8")->{status}, 404, "HLS $name");
    like($t->get("/flv/live/$name.flv")->{body}, qr/bad stream name/,
        'FLV says why');
    like($t->get("/hls/live/$name/index.m3u8")->{body},
        qr/bad stream name/, 'HLS says why');
}

my $log = slurp($t->path('error.log'));
like($log, qr{publish of "live/renamebad" refused: bad stream name},
    'the log names what the client sent');
like($log, qr{play of "live/renamelong" refused: bad stream name},
    'of a player too');
is_deeply([ sort grep { /xxx|\// } map { $_->{name} }
        @{ $t->json('/status')->{streams} } ], [],
    'no such stream was made');

# sessions are ended from elsewhere

$c = client();
$c->publish('live', 'mine?sub=alice');
$c->video(0, avc_config());
$c->video(0, avc_frame(1));
$p = client();
$p->play('live', 'mine?sub=carol');
picture($p);
$q = client();
$q->play('live', 'mine?sub=bob');
picture($q);

is($t->get('/test?sub=carol')->{status}, 200, 'sessions are ended');
is($p->status->{code}, 'NetStream.Play.Failed', 'a player is told');
ok($p->closed, 'and closed');

is($t->get('/test?sub=alice')->{status}, 200, 'sessions are ended');
is($c->status->{description}, 'Publishing was ended by the server.',
    'the publisher is told');
is($q->status->{code}, 'NetStream.Play.UnpublishNotify',
    'another player sees the end of the stream');
ok($c->closed, 'the publisher is closed');

done_testing();

###############################################################################

sub client {
    return Test::NginxLive::RTMP->new(port => $t->port('rtmp'));
}


sub code {
    my ($app, $action, $name) = @_;

    my $c = client();
    $c->handshake;
    $c->connect_app($app);
    $c->command($c->create_stream, $action, 0, undef, str($name));

    my $code = $c->status->{code};
    $c->close;

    return $code;
}


sub picture {
    my ($c) = @_;

    return $c->wait_message(sub {
        $_[0]{type} == 9 && ord(substr($_[0]{body}, 1)) == 1
    });
}
