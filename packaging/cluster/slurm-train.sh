#!/bin/sh
# Trains a species classifier on several nodes of a Slurm cluster together.
#
#   sbatch --nodes=4 packaging/cluster/slurm-train.sh /shared/project --preset standard
#
# The project lies on a disk that every node sees; camtrap is installed on each, in the same version. Every node is told
# the addresses of all and its own place among them (TF_CONFIG). When one fails, all end; the same command, or Slurm
# itself after a node failure, goes on from the last checkpoint. With graphics cards: sbatch --gpus-per-node=2 ...
#
#SBATCH --job-name=camtrap-train
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=1
#SBATCH --cpus-per-task=16
#SBATCH --mem=32G
#SBATCH --time=48:00:00
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --output=camtrap-train-%j.log

set -eu
if [ $# -lt 1 ]; then
    echo "Usage: sbatch --nodes=4 $0 PROJECT --preset standard [OPTIONS OF camtrap train]" >&2
    exit 2
fi
port=$((20000 + ${SLURM_JOB_ID:?start this with sbatch} % 10000))
WORKERS=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | sed "s/.*/\"&:$port\"/" | paste -s -d , -)
export WORKERS
# exec: the signal by which Slurm ends a job reaches the program, which keeps a checkpoint and stops.
exec srun --kill-on-bad-exit=1 --cpus-per-task="${SLURM_CPUS_PER_TASK:-1}" sh -c '
    export TF_CONFIG="{\"cluster\": {\"worker\": [$WORKERS]}, \"task\": {\"type\": \"worker\", \"index\": $SLURM_PROCID}}"
    exec camtrap train "$@"' camtrap "$@"
