//! Prints what was compared, on what machine, and the figures: medians, and least to most.

use std::fs;
use std::thread::available_parallelism;

use crate::arrivals::Latencies;
use crate::measure::Round;
use crate::options::Options;
use crate::plan::Pairs;

/// Bytes of the messages, and what is in an answer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sizes {
    /// Bytes of a quote's request and answer.
    pub(crate) quote: (usize, usize),
    /// Bytes of the token in it.
    pub(crate) token: usize,
    /// Bytes of a settle's request and answer.
    pub(crate) settle: (usize, usize),
    /// Changed lines, rewards, prompts, offers.
    pub(crate) answer: [usize; 4],
}

/// The machine, and how busy it is with other things.
pub(crate) fn machine(options: &Options) {
    let cores = available_parallelism().map_or(0, usize::from);
    let information = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = information
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(':'))
        .map_or("unknown", |(_, model)| model.trim());
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    println!("machine: {cores} cores, {model}; load before the run: {}", load.split(' ').next().unwrap_or("unknown"));
    let (open, connections) = (options.open_calls(), options.connections());
    let manner =
        if options.converse { "tills with one call each, Converse, one stream a connection" } else { "calls in flight, unary" };
    println!(
        "callers: {open} {manner}, {connections} connections; client, echo and engine in a process each, 2 worker threads each"
    );
}

/// What is compared.
pub(crate) fn setting(options: &Options, sizes: Sizes, opened: Round) {
    let [lines, rewards, prompts, offers] = sizes.answer;
    println!(
        "receipts: 12 lines, {} customers with accounts, {} campaigns, {} products; answer: {lines} changed lines, {rewards} rewards, {prompts} prompts, {offers} offers",
        options.customers, options.campaigns, options.products
    );
    println!(
        "bytes: quote {} -> {} (of it the token: {}), settle {} -> {}",
        sizes.quote.0, sizes.quote.1, sizes.token, sizes.settle.0, sizes.settle.1
    );
    println!("echo: the same server settings and messages; decodes, clones an answer of the engine's own, encodes");
    println!("engine: embedded storage, a settle is answered when journal and watermark are on disk");
    println!("warm-up: {:.0} settles/s without a quote, each the first of its customer\n", opened.per_second);
}

/// Tells a measurement when it is made, so that whoever waits sees how it goes and whether it drifts.
pub(crate) fn progress(what: &str, round: Round) -> Round {
    eprintln!("{what}: {:.0} calls/s, server {:.0} us/call", round.per_second, round.server_us.unwrap_or_default());
    round
}

/// A table of throughput; where only one of the two was measured, its line.
pub(crate) fn throughput(what: &str, pairs: &Pairs<Round>) {
    if pairs.echo.is_empty() && pairs.engine.is_empty() {
        return;
    }
    println!("| {what} | calls/s | server CPU, us/call | client CPU, us/call |\n| --- | --- | --- | --- |");
    for (name, rounds) in [("echo", &pairs.echo), ("engine", &pairs.engine)] {
        if !rounds.is_empty() {
            let column = |of: fn(&Round) -> Option<f64>| spread(rounds.iter().filter_map(of).collect(), 1);
            let per_second = spread(rounds.iter().map(|round| round.per_second).collect(), 0);
            println!("| {name} | {per_second} | {} | {} |", column(|round| round.server_us), column(|round| round.client_us));
        }
    }
    let ratios: Vec<f64> =
        pairs.echo.iter().zip(&pairs.engine).map(|(echo, engine)| engine.per_second / echo.per_second * 100.0).collect();
    if !ratios.is_empty() {
        let processors =
            pairs.echo.iter().zip(&pairs.engine).filter_map(|(echo, engine)| Some(echo.cpu_us()? / engine.cpu_us()? * 100.0));
        println!(
            "\n{what}: {} % of the echo's throughput; by processor time: {} %\n",
            spread(ratios, 1),
            spread(processors.collect(), 1)
        );
    }
}

/// A table of latency.
pub(crate) fn latency(rates: Vec<f64>, pairs: &Pairs<Latencies>) {
    if rates.is_empty() {
        return;
    }
    println!("| quote at {} calls/s | p50, ms | p99, ms | p99.9, ms | of all rounds: p99.9, ms |", spread(rates, 0));
    println!("| --- | --- | --- | --- | --- |");
    for (name, rounds) in [("echo", &pairs.echo), ("engine", &pairs.engine)] {
        let column = |quantile: f64| spread(rounds.iter().map(|round| millis(round, quantile)).collect(), 2);
        let mut all = crate::arrivals::latencies();
        rounds.iter().for_each(|round| all.add(round).unwrap());
        println!("| {name} | {} | {} | {} | {:.2} |", column(0.5), column(0.99), column(0.999), millis(&all, 0.999));
    }
    for (name, quantile) in [("p50", 0.5), ("p99", 0.99), ("p99.9", 0.999)] {
        let ratio = |(echo, engine): (&Latencies, &Latencies)| millis(engine, quantile) / millis(echo, quantile);
        println!("\nquote, {name}: {} times the echo's", spread(pairs.echo.iter().zip(&pairs.engine).map(ratio).collect(), 2));
    }
    println!();
}

fn millis(latencies: &Latencies, quantile: f64) -> f64 {
    latencies.value_at_quantile(quantile) as f64 / 1e6
}

/// The middle one; none of none.
fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

/// The middle one, and the least and the most.
fn spread(values: Vec<f64>, digits: usize) -> String {
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    median(values).map_or_else(|| "-".to_owned(), |middle| format!("{middle:.digits$} ({least:.digits$}..{most:.digits$})"))
}
