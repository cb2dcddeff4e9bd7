#!/usr/bin/perl

# Copyright (C) nginx-live authors

# What the directives of Redis accept, what they refuse and why, and that none
# of it repeats a password.

###############################################################################

use warnings;
use strict;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::NginxLive;

###############################################################################

Test::NginxLive->need(qw/ live /);

my $t = Test::NginxLive->new();

spit($t->path('password'), "hushhush\n");
spit($t->path('empty'), "\nhushhush\n");
my $long = 'x' x 110;

# text, and what nginx -t says; nothing: it is good

my @cases = (
    [ 'redis off;' ],
    [ 'redis 127.0.0.1;' ],
    [ 'redis 127.0.0.1:6380 db=3 prefix=a:;' ],
    [ 'redis [::1]:6380;' ],
    [ 'redis localhost;' ],
    [ 'redis unix:/run/redis.sock user=u password=hushhush;' ],
    [ 'redis unix:redis.sock password_file=password;' ],
    [ 'redis_sentinel name=m 127.0.0.1 127.0.0.2:1 db=1
       sentinel_password=hushhush;' ],
    [ 'redis_cluster 127.0.0.1 [::1]:7000 password=hushhush;' ],
    [ 'redis 127.0.0.1; redis_timeout 100ms; redis_connect_timeout 2s;
       redis_keepalive 1m; redis_queue 10;' ],
    [ 'redis_resolver 127.0.0.1 valid=10s; redis nowhere.invalid;' ],

    [ 'redis nowhere.invalid;', qr/host not found in redis "nowhere.invalid"/ ],
    [ 'redis off db=1;', qr/parameters after "off"/ ],
    [ 'redis 127.0.0.1; redis 127.0.0.1;', qr/"redis" directive is duplicate/ ],
    [ 'redis off; redis_cluster 127.0.0.1;', qr/is duplicate/ ],
    [ 'redis 127.0.0.1 127.0.0.2;', qr/several addresses/ ],
    [ 'redis db=1;', qr/has no address/ ],
    [ 'redis 127.0.0.1:0;', qr/invalid port|invalid address/ ],
    [ 'redis 127.0.0.1:99999;', qr/invalid port/ ],
    [ 'redis http://a/b;', qr/in address|invalid/ ],
    [ 'redis 127.0.0.1 db=x;', qr/invalid "db="/ ],
    [ 'redis 127.0.0.1 db=;', qr/"db=" is empty/ ],
    [ 'redis 127.0.0.1 name=m;', qr/"name=" does not belong here/ ],
    [ 'redis_cluster 127.0.0.1 db=1;', qr/"db=" does not belong here/ ],
    [ 'redis_sentinel 127.0.0.1 127.0.0.2;', qr/no "name=" of the master/ ],
    [ 'redis_sentinel name=m db=1;', qr/has no address/ ],
    [ 'redis 127.0.0.1 user=u;', qr/a user without a password/ ],
    [ 'redis 127.0.0.1 "prefix={a}:";', qr/invalid character in "prefix="/ ],
    [ 'redis 127.0.0.1 prefix=a*;', qr/invalid character in "prefix="/ ],
    [ 'redis 127.0.0.1 prefix=' . 'x' x 33 . ';', qr/more than 32/ ],
    [ 'redis 127.0.0.1 pasword=hushhush;', qr/unknown parameter/ ],
    [ 'redis 127.0.0.1 password=hushhush password=hushhush;',
      qr/a parameter twice/ ],
    [ 'redis 127.0.0.1 sentinel_password=hushhush;',
      qr/"sentinel_password=" does not belong here/ ],
    [ 'redis 127.0.0.1 password_file=none;', qr/open\(\) ".*none" failed/ ],
    [ 'redis 127.0.0.1 password_file=empty;', qr/no password in the first/ ],
    [ "redis unix:/$long;", qr/too long/ ],
    [ 'redis 127.0.0.1; redis_timeout 0;', qr/cannot be zero/ ],
    [ 'redis 127.0.0.1; redis_queue 0;', qr/must be .*greater than|between/ ],
);

for my $case (@cases) {
    my ($text, $error) = @$case;

    $t->set(live => "zone live 8m; $text application live { publish any; }");
    my $res = $t->test_conf;

    (my $name = $text) =~ s/\s+/ /g;

    if ($error) {
        isnt($res->{rc}, 0, "refused: $name");
        like($res->{err}, $error, 'its reason');
        unlike($res->{err}, qr/hushhush/, 'no password');

    } else {
        is($res->{rc}, 0, "good: $name") or diag($res->{err});
    }
}

done_testing();
