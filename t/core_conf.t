#!/usr/bin/perl

# Copyright (C) nginx-live authors

# What nginx -t says about live {}: values, duplicates, rules, the warning about
# applications nobody may publish to.

###############################################################################

use warnings;
use strict;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::NginxLive;

###############################################################################

Test::NginxLive->need(qw/ live live_test /);

my $t = Test::NginxLive->new(
    modules => [ qw/ ngx_live_module ngx_live_test_module / ]);

my $app = 'application live { publish any; }';

# closed by default

good('', 'an empty block');
good("$app", 'one application');
good('publish any; application live { } application b { play none; }',
    'publish is inherited');
good('application live { publish none; }', 'publish none');

my $err = warned('application a { publish any; } application b { }',
    qr/no "publish" is defined for application "b" in \S+:\d+, publishing is refused/,
    'no publish');
unlike($err, qr/application "a"/, 'of this application only');

# publish and play: names of rules

good('application live { publish test; play test; }', 'a rule of a module');
bad('application live { publish nobody; }', qr/unknown rule "nobody"/);
bad('application live { publish any none; }', qr/only alone/);
bad('application live { publish test any; }', qr/only alone/);
bad('application live { publish none test; }', qr/only alone/);
bad('application live { publish any any; }', qr/only alone/);
bad('application live { publish any; publish test; }',
    qr/"publish" directive is duplicate/);
bad('application live { publish any; play any; play none; }',
    qr/"play" directive is duplicate/);
bad('application live { publish; }', qr/invalid number of arguments/);

# zone

good("zone live 8m; $app", 'the smallest zone');
good("zone other 16m streams=1; $app", 'a stream only');
good("zone other 32m streams=4096; $app", 'as many as possible');
bad("zone live 7m; $app", qr/zone "live" is too small, at least 8m/);
bad("zone live much; $app", qr/invalid zone size "much"/);
bad("zone live 8m streams=0; $app", qr/invalid parameter "streams=0"/);
bad("zone live 8m streams=4097; $app", qr/invalid parameter "streams=4097"/);
bad("zone live 8m streams=; $app", qr/invalid parameter "streams="/);
bad("zone live 8m stream=1; $app", qr/invalid parameter "stream=1"/);
bad("zone live 8m; zone live 8m; $app", qr/"zone" directive is duplicate/);
bad("zone live; $app", qr/invalid number of arguments/);

# the others

good("node x; live_drain 1s; publish_conflict takeover; publish_stale 1500ms;
      reconnect 0; buffer 1s; buffer_size 1m; tracks 1; $app",
     'all directives in live');
good('application live { publish any; publish_conflict reject;
      publish_stale 0; reconnect 1d; buffer 120s; buffer_size 1024m; tracks 16; }',
     'all directives in an application');

bad('application live { publish any; publish_conflict maybe; }',
    qr/invalid value "maybe"/);
bad('application live { publish any; buffer 999ms; }',
    qr/"buffer" of application "live" must be between 1s and 120s in \S+:\d+/);
bad("buffer 121s; $app", qr/"buffer" of application "live" must be between/);
bad('application live { publish any; buffer_size 1023k; }',
    qr/"buffer_size" of application "live" must be between 1m and 1024m/);
bad("buffer_size 1025m; $app",
    qr/"buffer_size" of application "live" must/);
bad("tracks 0; $app", qr/value must be between 1 and 16/);
bad("tracks 17; $app", qr/value must be between 1 and 16/);
bad("reconnect soon; $app", qr/"reconnect" directive invalid value/);
bad("node a b; $app", qr/invalid number of arguments/);
bad("application live { publish any; zone live 8m; }",
    qr/"zone" directive is not allowed here/);
bad("application live { publish any; application b { } }",
    qr/"application" directive is not allowed here/);
bad("listen 1935; $app", qr/(?:unknown directive "listen"|not allowed here)/);

# applications

bad("$app $app", qr/duplicate application "live"/);
bad('application .hidden { publish any; }',
    qr/invalid application name "\.hidden"/);
bad('application a/b { publish any; }', qr/invalid application name "a\/b"/);
bad('application "" { publish any; }', qr/invalid application name ""/);
bad('application ' . 'a' x 129 . ' { publish any; }',
    qr/invalid application name/);
good('application ' . 'a' x 128 . ' { publish any; }', 'a long name');

# blocks

for my $order ([qw/ live http /], [qw/ http live /]) {
    $t->set(order => $order, http => 'server { listen %%PORT_http%%;
        location /status { live_status; } location /test { live_test; } }');
    good($app, join(' before ', @$order));
}

$t->set(order => undef, main => "live { $app }");
bad($app, qr/"live" directive is duplicate/, 'two blocks');

$t->set(main => undef, live => undef);
is($t->test_conf()->{rc}, 0, 'no block at all');

# a zone of that name which is somebody else's

$t->set(http => 'limit_req_zone $uri zone=live:16m rate=1r/s;
                 server { listen %%PORT_http%%; }');
bad("zone live 16m; $app", qr/zone "live" is already (?:declared|bound)/,
    'another module\'s zone');

done_testing();

###############################################################################

sub good {
    my ($live, $name) = @_;

    my $res = $t->set(live => $live)->test_conf();

    is($res->{rc}, 0, $name) or diag($res->{err});
    unlike($res->{err}, qr/\[(?:warn|emerg|alert)\]/, "$name: no message");
}

sub warned {
    my ($live, $re, $name) = @_;

    my $res = $t->set(live => $live)->test_conf();

    is($res->{rc}, 0, $name) or diag($res->{err});
    like($res->{err}, qr/\[warn\].*$re/, "$name: warning");

    return $res->{err};
}

sub bad {
    my ($live, $re, $name) = @_;

    $name //= $live =~ s/\s+/ /gr;

    my $res = $t->set(live => $live)->test_conf();

    isnt($res->{rc}, 0, $name);
    like($res->{err}, qr/\[emerg\].*$re/, "$name: message");
}

###############################################################################
