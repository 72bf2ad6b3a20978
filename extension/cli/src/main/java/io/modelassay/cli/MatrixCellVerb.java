package io.modelassay.cli;

import io.modelassay.matrix.CellRunner;
import io.modelassay.matrix.MatrixPlan;
import io.modelassay.report.ProgressLine;
import java.nio.file.Path;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Runs one cell of a plan, as a job of a CI system does. */
@Command(name = "cell", description = "Run one cell of a plan, unless it has its result.")
final class MatrixCellVerb extends Verb {
    @Parameters(paramLabel = "ID", description = "The cell's id in plan.json.")
    private String id = "";

    @Option(names = "--report", paramLabel = "FOLDER", required = true, description = "Where plan and results lie.")
    private Path report = Path.of("");

    @Override
    Outcome run(ProgressLine progress) {
        MatrixPlan plan = MatrixPlan.read(report);
        try (CellRunner runner = new CellRunner(report, plan.settings().offline())) {
            return MatrixReport.of(runner.run(plan.cell(id)));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("The cell was interrupted", e);
        }
    }
}
