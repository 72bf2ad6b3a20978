package io.modelassay.runtime;

import io.modelassay.checkpoint.Shape;
import io.modelassay.failure.GeneralProblem;
import io.modelassay.failure.ModelAssayException;
import io.modelassay.failure.Problem;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The residual stream of many batches between two layers: in memory up to a budget, the rest in a temporary file. A batch
 * keeps its place and size from layer to layer.
 */
final class HiddenStates implements AutoCloseable {
    private final Kernels conversions;
    private final DType dtype;
    private final long budget;
    private final List<Place> places = new ArrayList<>();
    private long resident;
    private long spooled;
    private @Nullable Path file;
    private @Nullable FileChannel channel;

    /** @param budget bytes that may stay in memory */
    HiddenStates(TorchEngine engine, DType dtype, long budget) {
        this.conversions = Kernels.conversions(engine);
        this.dtype = dtype;
        this.budget = budget;
    }

    private static final class Place {
        private final List<int[]> windows;
        private final Shape shape;
        private final int bytes;
        private final long offset;
        private @Nullable Tensor held;

        Place(List<int[]> windows, Shape shape, int bytes, long offset) {
            this.windows = windows;
            this.shape = shape;
            this.bytes = bytes;
            this.offset = offset;
        }
    }

    int size() {
        return places.size();
    }

    List<int[]> windows(int batch) {
        return places.get(batch).windows;
    }

    /** Takes over {@code hidden}, {@code [windows, positions, hidden size]}. */
    void add(List<int[]> windows, Tensor hidden) {
        int bytes = Math.toIntExact(hidden.elements() * dtype.tensorType().bits() / 8);
        boolean fits = resident + bytes <= budget;
        Place place = new Place(windows, hidden.shape(), bytes, fits ? -1 : spooled);
        if (fits) {
            resident += bytes;
        } else {
            spooled += bytes;
        }
        places.add(place);
        put(place, hidden);
    }

    /** Takes over {@code hidden} in the place of what the batch had. */
    void replace(int batch, Tensor hidden) {
        put(places.get(batch), hidden);
    }

    private void put(Place place, Tensor hidden) {
        if (place.offset < 0) {
            if (place.held != null) {
                place.held.close();
            }
            place.held = hidden;
            return;
        }
        try (hidden) {
            ByteBuffer bytes = conversions.bytes(hidden);
            for (long at = place.offset; bytes.hasRemaining(); ) {
                at += channel().write(bytes, at);
            }
        } catch (IOException e) {
            throw failed(e);
        }
    }

    /** The batch's hidden states for the length of {@code work}. */
    <T> T with(int batch, Function<Tensor, T> work) {
        Place place = places.get(batch);
        if (place.held != null) {
            return work.apply(place.held);
        }
        ByteBuffer bytes = ByteBuffer.allocateDirect(place.bytes).order(ByteOrder.LITTLE_ENDIAN);
        try {
            int read = 0;
            while (bytes.hasRemaining() && read >= 0) {
                read = channel().read(bytes, place.offset + bytes.position());
            }
        } catch (IOException e) {
            throw failed(e);
        }
        try (Tensor read = conversions.stored("hidden states", dtype.tensorType(), place.shape, bytes.flip())) {
            return work.apply(read);
        }
    }

    private FileChannel channel() throws IOException {
        if (channel == null) {
            file = Files.createTempFile("modelassay-hidden-states", ".bin");
            channel = FileChannel.open(
                    file, StandardOpenOption.READ, StandardOpenOption.WRITE, StandardOpenOption.DELETE_ON_CLOSE);
        }
        return channel;
    }

    private ModelAssayException failed(IOException e) {
        return new ModelAssayException(
                new Problem(
                        GeneralProblem.INPUT_OUTPUT,
                        "Hidden states cannot be kept in " + file + ": " + e.getMessage(),
                        "more memory or disk, another java.io.tmpdir, or less calibration text"),
                e);
    }

    @Override
    public void close() {
        places.forEach(place -> {
            if (place.held != null) {
                place.held.close();
            }
        });
        if (channel != null) {
            try {
                channel.close();
            } catch (IOException e) {
                throw failed(e);
            }
        }
    }
}
