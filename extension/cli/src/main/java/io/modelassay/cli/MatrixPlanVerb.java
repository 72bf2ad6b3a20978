package io.modelassay.cli;

import io.modelassay.checkpoint.JsonText;
import io.modelassay.matrix.Cell;
import io.modelassay.matrix.MatrixPlan;
import io.modelassay.report.ProgressLine;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Writes a plan whose cells other machines run. */
@Command(name = "plan", description = "Write plan.json without running it, and print it, or the jobs of a CI system.")
final class MatrixPlanVerb extends Verb {
    @Mixin
    private MatrixOptions options = new MatrixOptions();

    @Option(names = "--report", paramLabel = "FOLDER", required = true, description = "Where plan.json is written.")
    private Path report = Path.of("");

    @Option(
            names = "--format",
            paramLabel = "FORMAT",
            defaultValue = "json",
            description = {
                "json: the plan (the default); github: a matrix for fromJSON; gitlab: a pipeline whose job",
                "extends .modelassay-cell with the variable MODELASSAY_CELL."
            })
    private Format format = Format.JSON;

    enum Format {
        JSON,
        GITHUB,
        GITLAB
    }

    @Override
    Outcome run(ProgressLine progress) {
        MatrixPlan plan = options.matrix(this).plan();
        plan.write(report);
        Object document = switch (format) {
            case JSON -> plan.document(report);
            case GITHUB -> github(plan);
            case GITLAB -> gitlab(plan);
        };
        return new Outcome(document, JsonText.of(document), true);
    }

    private static Map<String, Object> github(MatrixPlan plan) {
        return Map.of(
                "include",
                plan.cells().stream()
                        .map(cell -> Map.of(
                                "cell", cell.id(),
                                "gpu", cell.gpu(),
                                "stack", cell.stack().name(),
                                "suite", cell.suite().name()))
                        .toList());
    }

    private static Map<String, Object> gitlab(MatrixPlan plan) {
        List<String> ids = plan.cells().stream().map(Cell::id).toList();
        return Map.of(
                "modelassay-cell",
                Map.of(
                        "extends",
                        ".modelassay-cell",
                        "parallel",
                        Map.of("matrix", List.of(Map.of("MODELASSAY_CELL", ids)))));
    }
}
