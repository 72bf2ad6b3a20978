package io.modelassay.runtime;

import io.modelassay.architecture.Parameter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apiguardian.api.API;

/**
 * Weights of a small model, kept in the engine after their first use, so that a suite of many evaluations reads and
 * quantizes them once.
 */
@API(status = API.Status.INTERNAL)
public final class ResidentWeights implements Weights {
    private final Weights source;
    private final Kernels kernels;
    private final Map<List<Object>, Tensor> held = new LinkedHashMap<>();

    /** Keeps what {@code source} loads on {@code engine}; owns {@code source}. */
    public ResidentWeights(Weights source, TorchEngine engine) {
        this.source = source;
        this.kernels = Kernels.conversions(engine);
    }

    @Override
    public Tensor load(Parameter parameter, DType dtype) {
        synchronized (held) {
            Tensor tensor = held.get(List.of(parameter.name(), dtype));
            if (tensor == null) {
                tensor = source.load(parameter, dtype);
                held.put(List.of(parameter.name(), dtype), tensor);
            }
            // A second handle on the same memory: the caller may close it.
            return kernels.call("same", tensor);
        }
    }

    @Override
    public Tensor rows(Parameter table, long first, long count, DType dtype) {
        return source.rows(table, first, count, dtype);
    }

    @Override
    public Tensor gather(Parameter table, int[] ids, DType dtype) {
        return source.gather(table, ids, dtype);
    }

    @Override
    public String linear() {
        return source.linear();
    }

    @Override
    public Map<String, Tensor> parts(Parameter weight, long first, Tensor rows) {
        return source.parts(weight, first, rows);
    }

    @Override
    public void close() {
        synchronized (held) {
            new ArrayList<>(held.values()).forEach(Tensor::close);
            held.clear();
        }
        source.close();
    }
}
