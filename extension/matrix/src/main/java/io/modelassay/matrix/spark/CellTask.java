package io.modelassay.matrix.spark;

import io.modelassay.matrix.Cell;
import io.modelassay.matrix.CellRunner;
import io.modelassay.matrix.MatrixException;
import io.modelassay.matrix.MatrixPlan;
import java.nio.file.Path;
import java.util.Map;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.function.Function;
import org.apache.spark.resource.ResourceInformation;

/**
 * Runs one cell on an executor. Only what another worker may not meet fails the task, such as storage that is not there; how
 * the cell ends is its answer.
 *
 * @param report where the plan and the results lie
 */
record CellTask(String report) implements Function<String, CellAnswer> {
    @Override
    public CellAnswer call(String id) throws InterruptedException {
        Path folder = Path.of(report);
        MatrixPlan plan = MatrixPlan.read(folder);
        Cell cell = plan.cell(id);
        try (CellRunner runner = new CellRunner(folder, plan.settings().offline())) {
            return CellAnswer.ended(id, runner.run(cell, environment(cell)).outcome());
        } catch (MatrixException e) {
            return CellAnswer.refused(id, e);
        }
    }

    /** Spark's discovery counts GPUs as nvidia-smi does, in the order of the bus. */
    private static Map<String, String> environment(Cell cell) {
        ResourceInformation gpus = TaskContext.get().resourcesJMap().get("gpu");
        return cell.gpu() && gpus != null
                ? Map.of("CUDA_DEVICE_ORDER", "PCI_BUS_ID", "CUDA_VISIBLE_DEVICES", String.join(",", gpus.addresses()))
                : Map.of();
    }
}
