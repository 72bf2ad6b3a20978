package io.modelassay.cli;

import io.modelassay.matrix.MatrixPlan;
import io.modelassay.matrix.result.MatrixResult;
import io.modelassay.report.ProgressLine;
import java.nio.file.Path;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Compares what cells have left. */
@Command(name = "merge", description = "Compare the results that the cells of a plan have left.")
final class MatrixMergeVerb extends Verb {
    @Option(names = "--report", paramLabel = "FOLDER", required = true, description = "Where plan and results lie.")
    private Path report = Path.of("");

    @Override
    Outcome run(ProgressLine progress) {
        MatrixResult result = MatrixPlan.read(report).result(report);
        return MatrixReport.of(result, result.writeTo(report));
    }
}
