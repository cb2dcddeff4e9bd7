package Test::NginxLive::Browser;

# Copyright (C) nginx-live authors

# Headless Chromium that opens the page or plays a playlist, by
# t/browser/play.js, which describes the options and the report.
#
#     Test::NginxLive::Browser->need();
#
#     my $r = browse($t->url('/?stream=live/a'), seconds => 20);
#     is($r->{stalls}, 0);
#
#     my $b = Test::NginxLive::Browser->new($url, seconds => 0);
#     $b->event('started');
#     is($b->eval('live.player.state'), 'playing');
#     $b->step('click', '#live');
#     my $r = $b->finish();

use warnings;
use strict;

use Exporter ();
use Cwd ();
use File::Basename ();
use JSON::PP ();
use Test::More ();

use Test::NginxLive::Process qw/ factor slurp spawn temp_dir wait_for which /;

our @ISA = qw/ Exporter /;
our @EXPORT = qw/ browse burned_clock /;

my $TOP = Cwd::abs_path(File::Basename::dirname(__FILE__) . '/../../../..');


sub build { $ENV{NGX_LIVE_BUILD} || "$TOP/build" }


# Skips the whole test unless there are a browser and the page.

sub need {
    my ($class) = @_;

    for my $name (qw/ node chromium /) {
        Test::More::plan(skip_all => "no $name") unless which($name);
    }

    Test::More::plan(skip_all => 'no page, run "util/page build --browser"')
        unless -f build() . '/html/hls.min.js'
               && -d build() . '/browser/node_modules';
}


# The directory of the page.

sub root { build() . '/html' }


sub new {
    my ($class, $url, %opt) = @_;

    $opt{start} //= 20 * factor();

    # a browser that plays until finish() takes steps while it does

    $opt{commands} = temp_dir() . '/commands' if !($opt{seconds} // 20);

    my $json = JSON::PP->new->canonical->encode(\%opt);
    my $proc = spawn(env => { NGX_LIVE_BUILD => build() },
        cmd => [ 'node', "$TOP/t/browser/play.js", $url, $json ]);

    return bless { proc => $proc, opt => \%opt, url => $url,
                   steps => scalar(@{$opt{steps} // []}) }, $class;
}


# What has been printed so far.

sub events {
    my ($self) = @_;

    return map { JSON::PP::decode_json($_) }
        grep { /\}$/ } split(/\n/, $self->{proc}->output);
}


# Waits for the N-th event of a name (started, step, report).

sub event {
    my ($self, $name, $timeout, $n) = @_;

    return wait_for(sub {
        my @found = grep { $_->{event} eq $name } $self->events();
        return $found[($n // 1) - 1] if @found >= ($n // 1);

        die "the browser ended: " . $self->{proc}->log . "\n"
            unless $self->{proc}->alive;
        return undef;
    }, $timeout // $self->{opt}{start} + 20, "\"$name\" of the browser");
}


# One more step: dies unless it succeeds, returns its value.

sub step {
    my ($self, @step) = @_;

    open(my $fh, '>>', $self->{opt}{commands}) or die "$!\n";
    print $fh JSON::PP->new->ascii->encode(\@step), "\n";
    close($fh);

    my $r = $self->event('step', 150 * factor(), ++$self->{steps});
    die "step @step: $r->{why}\n" unless $r->{ok};

    return $r->{value};
}


sub eval { $_[0]->step('eval', $_[1]) }


# Waits until code of the page's says yes.

sub wait_until { $_[0]->step('wait', $_[1], ($_[2] // 20) * 2 * factor()) }


# Waits until it has ended by itself and returns the report.

sub report {
    my ($self, $timeout) = @_;

    my $seconds = $self->{opt}{seconds} // 20;
    my $r = $self->event('report',
        $timeout // $self->{opt}{start} + $seconds + 60);

    $self->{proc}->wait(20);
    Test::More::diag("$self->{url}: $r->{error}") if $r->{error};

    return $r;
}


# Ends it now and returns the report.

sub finish {
    my ($self) = @_;

    $self->{proc}->signal('INT');
    return $self->report();
}


sub browse {
    my ($url, %opt) = @_;
    return Test::NginxLive::Browser->new($url, %opt)->report();
}


# Options for publish(): the encoder's clock as black and white blocks at the
# top of the picture, for the browser's option clock.

sub burned_clock {
    my ($width, $height) = @_;

    my $strip = int($height / 15);
    my $bits = "geq=lum='255*mod(floor(time(0)*1000/pow(2\\,X))\\,2)'"
        . ':cb=128:cr=128';

    return (size => "${width}x$height", args => [ '-vf',
        "format=yuv420p,split[a][b];[b]crop=24:2:0:0,$bits,"
        . "scale=$width:$strip:flags=neighbor[c];[a][c]overlay=0:0" ]);
}


1;
