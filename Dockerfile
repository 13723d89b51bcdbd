FROM python:3.11-slim

RUN useradd --create-home --uid 10001 sora && install -d -o sora -g sora /data
WORKDIR /app
COPY pyproject.toml README.md ./
COPY tests/constraints.txt tests/constraints.txt
COPY bot bot
RUN pip install --no-cache-dir --constraint tests/constraints.txt .

USER sora
WORKDIR /data
VOLUME /data
ENV SORA_DATABASE_URL=sqlite:////data/sora.sqlite SORA_SPOOL=/data/spool PORT=3000 PYTHONUNBUFFERED=1
EXPOSE 3000
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s \
  CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen('http://127.0.0.1:' + os.environ['PORT'] + '/readyz', timeout=4)"]
STOPSIGNAL SIGTERM
CMD ["sora-bot", "run"]
