package io.modelassay.cli;

import io.modelassay.checkpoint.Finding;
import io.modelassay.diagnosis.Diagnosis;
import io.modelassay.diagnosis.OperationRange;
import io.modelassay.diagnosis.Place;
import io.modelassay.diagnosis.SettingTable;
import io.modelassay.diagnosis.TypedPass;
import io.modelassay.failure.Counted;
import io.modelassay.report.HtmlPage;
import io.modelassay.report.HtmlTable;
import io.modelassay.report.HtmlTable.Column;
import io.modelassay.report.HtmlWriter;
import io.modelassay.report.Numbers;
import io.modelassay.report.PageResource;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** A diagnosis as one self-contained page. */
final class DiagnosisPage {
    /** Powers of two that a bar of full width stands for: what float16 has above 1. */
    private static final double FULL = 16;

    private final HtmlWriter html;
    private final Diagnosis diagnosis;
    private final List<Finding> findings;

    private DiagnosisPage(HtmlWriter html, Diagnosis diagnosis, List<Finding> findings) {
        this.html = html;
        this.diagnosis = diagnosis;
        this.findings = findings;
    }

    /** The page of {@code diagnosis}, with those of its findings that matter. */
    static String of(String model, Diagnosis diagnosis, List<Finding> findings) {
        boolean isBad = findings.stream().anyMatch(finding -> finding.severity() == Finding.Severity.ERROR);
        String verdict =
                model + (isBad ? " does not survive" : findings.isEmpty() ? " survives" : " survives some settings");
        return HtmlPage.of(
                HtmlPage.Policy.STILL,
                "ModelAssay: " + verdict,
                List.of(new PageResource(DiagnosisPage.class, "diagnosis.css")),
                html -> {
                    html.open("header")
                            .element("p", "brand", "ModelAssay")
                            .element("h1", isBad ? "bad" : "good", verdict)
                            .element(
                                    "p",
                                    "run",
                                    Counted.of(diagnosis.tokens(), "token") + " of " + diagnosis.calibration())
                            .close();
                    html.open("main").inside(new DiagnosisPage(html, diagnosis, findings)::sections);
                });
    }

    private void sections() {
        if (!findings.isEmpty()) {
            html.section("findings", "Findings", this::findings);
        }
        html.section("layers", "Head-room by layer", this::layers);
        html.section("passes", "Forward pass by type", this::passes);
        html.section("settings", "Bits that are clean, by group size", this::settings);
    }

    private void findings() {
        HtmlTable.<Finding>cards()
                .cell(
                        "Id",
                        (cell, finding) ->
                                cell.badge(finding.severity() == Finding.Severity.INFO ? "quiet" : "bad", finding.id()))
                .text("Subject", Finding::subject)
                .text("Cause", Finding::message)
                .text("Cure", Finding::nextStep)
                .write(html, findings);
    }

    private void layers() {
        html.element(
                "p",
                "lead",
                "How many times the largest activation of each layer could be doubled before float16 overflows; a full bar"
                        + " is 16 times.");
        HtmlTable.<OperationRange>styled("bars")
                .text(Column.of("Layer").number(), range -> String.valueOf(range.layer()))
                .cell(
                        "Head-room",
                        (cell, range) -> cell.open("span", range.headRoomBits() < 1 ? "bar bad" : "bar good")
                                .attribute("style", "width: " + decimal(100 * share(range)) + "%")
                                .close())
                .text(Column.of("Doublings").number(), range -> decimal(range.headRoomBits()))
                .text(Column.of("Largest").number(), range -> Numbers.of(range.largest()))
                .text(
                        Column.of("Operation").styled("from"),
                        range -> range.place().module())
                .write(html, diagnosis.layers());
    }

    private static double share(OperationRange range) {
        return Math.max(0, Math.min(1, range.headRoomBits() / FULL));
    }

    private static String decimal(double value) {
        return String.format(Locale.ROOT, "%.1f", value);
    }

    private void passes() {
        HtmlTable.<TypedPass>cards()
                .cell(
                        "Type",
                        (cell, pass) -> cell.badge(
                                pass.isClean() ? "good" : "bad",
                                pass.dtype().name().toLowerCase(Locale.ROOT)))
                .text("First beyond float16", pass -> place(pass.beyondHalf()))
                .text("First not finite", pass -> place(pass.nonFinite()))
                .write(html, diagnosis.passes());
    }

    private static String place(Optional<Place> place) {
        return place.map(at -> at.module() + ", " + at).orElse("none");
    }

    /** No cell names its row alone: procedure and type do so together. */
    private void settings() {
        SettingTable table = SettingTable.of(diagnosis);
        html.open("table").inside(() -> {
            html.open("thead").open("tr");
            table.heads()
                    .forEach(head ->
                            html.open("th").attribute("scope", "col").text(head).close());
            html.close().close();
            html.open("tbody")
                    .inside(() -> table.rows()
                            .forEach(row ->
                                    html.open("tr").inside(() -> row.forEach(cell -> html.element("td", cell)))));
        });
    }
}
